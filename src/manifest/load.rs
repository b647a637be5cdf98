//! From a file's text to a manifest, or to every problem in it.

use std::fmt;
use std::path::Path;

use super::located::{self, Fault, Lines};
use super::{Manifest, builtin, check, raw, structure};
use crate::clean;

/// One problem of a manifest file. Shown as `okta.yaml:12: see.users.call: …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// 1-based; 0 when it is about the file as a whole.
    pub line: u32,
    /// The key (`see.users.call`); empty when it is about the file as a whole.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        // Keys and values of the file are in both, whatever they hold.
        if !self.path.is_empty() {
            write!(f, ": {}", clean::line(&self.path))?;
        }
        write!(f, ": {}", clean::line(&self.message))
    }
}

/// What reading a manifest gave. There is a manifest exactly when there are no problems.
#[derive(Debug)]
pub struct Read {
    /// The manifest.
    pub manifest: Option<Manifest>,
    /// Everything that is wrong, by line.
    pub problems: Vec<Problem>,
    /// What is worth saying although the manifest can be used, by line.
    pub warnings: Vec<Problem>,
}

/// Reads a manifest's text. `path_or_name` stands before each problem; if it ends in `.yaml`, it must fit the scanner's name.
pub fn read(path_or_name: &str, text: &str) -> Read {
    let (root, mut faults) = located::parse(text);
    let mut warnings = Vec::new();
    let mut manifest = None;
    if let Some(mut root) = root {
        let lines = Lines::of(&root);
        faults.extend(structure::check(&mut root));
        match serde_json::from_value::<raw::Manifest>(root.value()) {
            Err(error) => {
                // The walk against the schema mends the tree, so this means that schema and type disagree.
                if faults.is_empty() {
                    faults.push(Fault::new(root.line, "", format!("not a manifest: {error}")));
                }
            }
            Ok(mut raw) => {
                raw.reads = super::named::read_by(&root.value());
                let shape: Vec<String> = faults.iter().map(|fault| fault.path.clone()).collect();
                for complaint in check::check(&raw) {
                    let fault = Fault::new(lines.line(&complaint.path), complaint.path, complaint.message);
                    if complaint.warning {
                        warnings.push(fault);
                    } else if !follows(&fault, &shape) {
                        faults.push(fault);
                    }
                }
                faults.extend(wrong_name(path_or_name, &raw, &lines).filter(|fault| !follows(fault, &shape)));
                manifest = faults.is_empty().then(|| Manifest::checked(raw));
            }
        }
    }
    Read { manifest, problems: problems(path_or_name, faults), warnings: problems(path_or_name, warnings) }
}

/// Reads a manifest's text.
///
/// # Errors
/// Every problem in it, by line.
pub fn load(path_or_name: &str, text: &str) -> Result<Manifest, Vec<Problem>> {
    let read = read(path_or_name, text);
    read.manifest.ok_or(read.problems)
}

/// The manifests that are part of the program: name and text.
pub fn builtin() -> &'static [(&'static str, &'static str)] {
    builtin::SCANNERS
}

/// The manifest of this name: a file `NAME.yaml` in `folder`, or else the one that is part of the program.
///
/// # Errors
/// There is none, it can't be read, or every problem in it.
pub fn find(name: &str, folder: Option<&Path>) -> Result<Manifest, Vec<Problem>> {
    let whole = |message: String| vec![Problem { file: name.to_owned(), line: 0, path: String::new(), message }];
    // The name becomes part of a path.
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err(whole(format!("{name:?} is no scanner's name")));
    }
    if let Some(path) = folder.map(|folder| folder.join(format!("{name}.yaml")))
        && path.exists()
    {
        let shown = path.display().to_string();
        let text = crate::config::read_whole(&path).map_err(|error| whole(format!("can't read {shown}: {error}")))?;
        return load(&shown, &text);
    }
    match builtin().iter().find(|(known, _)| *known == name) {
        Some((_, text)) => load(&format!("{name}.yaml"), text),
        None => {
            let known: Vec<&str> = builtin().iter().map(|(known, _)| *known).collect();
            let hint = structure::did_you_mean(name, known.iter().copied());
            let place = folder.map(|folder| format!(", and no {name}.yaml in {}", folder.display())).unwrap_or_default();
            Err(whole(format!("no such scanner{place}{hint} (there are {}; `exeunt scanners new {name}` begins one)", known.join(", "))))
        }
    }
}

/// Problems as text, one a line.
pub fn told(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// Whether a complaint only follows from a mistake in the file's shape: it stands at such a mistake, below one, or right above one
/// ("no call" beside an unknown key `cal`). "Declared, but nothing uses it" can't be told while something is unreadable.
fn follows(fault: &Fault, shape: &[String]) -> bool {
    if fault.path.starts_with("settings.") && !shape.is_empty() {
        return true;
    }
    shape.iter().any(|wrong| {
        let parent = wrong.rfind(['.', '[']).map_or("", |cut| &wrong[..cut]);
        let below = fault.path.strip_prefix(wrong.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        (below && !wrong.is_empty()) || (!parent.is_empty() && parent == fault.path)
    })
}

fn wrong_name(path: &str, raw: &raw::Manifest, lines: &Lines) -> Option<Fault> {
    let path = Path::new(path);
    let stem = path.file_stem()?.to_str()?;
    let is_file = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    (is_file && stem != raw.scanner).then(|| {
        Fault::new(lines.line("scanner"), "scanner", format!("the file is called {stem}, the scanner {:?}; they must agree", raw.scanner))
    })
}

pub(super) fn problems(file: &str, faults: Vec<Fault>) -> Vec<Problem> {
    let mut problems: Vec<Problem> = faults
        .into_iter()
        .map(|fault| Problem { file: file.to_owned(), line: fault.line, path: fault.path, message: fault.message })
        .collect();
    // Stable: problems of one line stay in the order in which they were found.
    problems.sort_by_key(|problem| problem.line);
    problems
}
