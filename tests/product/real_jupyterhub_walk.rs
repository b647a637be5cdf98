//! docs/add-a-system.md, done as it is written: its files, its commands in one shell, and what it says that they print.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::real::env;

/// A fenced block of the page, with the words between the block before and this one, and those up to the next.
struct Block {
    kind: String,
    text: String,
    before: String,
    after: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let (mut found, mut words): (Vec<Block>, String) = (Vec::new(), String::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            words += line;
            words.push('\n');
            continue;
        };
        let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if let Some(last) = found.last_mut() {
            last.after.clone_from(&words);
        }
        found.push(Block { kind: kind.to_owned(), text: text.join("\n") + "\n", before: std::mem::take(&mut words), after: String::new() });
    }
    if let Some(last) = found.last_mut() {
        last.after = words;
    }
    found
}

/// A shell that is told one thing after another; what it has started ends with it.
struct Shell {
    bash: Child,
    say: ChildStdin,
    hear: BufReader<ChildStdout>,
}

impl Shell {
    fn new(folder: &Path) -> Self {
        let exeunt = Path::new(env!("CARGO_BIN_EXE_exeunt")).parent().unwrap().display().to_string();
        let path = format!("{exeunt}:{}:{}", env("EXEUNT_REAL_JUPYTERHUB_BIN"), env("PATH"));
        let mut bash = Command::new("bash")
            .current_dir(folder)
            .env("PATH", path)
            .env_remove("EXEUNT_CONFIG")
            .env_remove("EXEUNT_STORE")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (say, hear) = (bash.stdin.take().unwrap(), BufReader::new(bash.stdout.take().unwrap()));
        let mut shell = Self { bash, say, hear };
        shell.run("exec 2>&1");
        shell
    }

    /// Runs it, and gives what it printed.
    fn run(&mut self, command: &str) -> String {
        const END: &str = "== that was all ==";
        writeln!(self.say, "{command}\necho; echo '{END}'").unwrap();
        let mut printed = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.hear.read_line(&mut line).unwrap(), 0, "the shell ended after {command:?}: {printed}");
            if line.trim_end() == END {
                return printed.trim_end().to_owned();
            }
            printed += &line;
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // The hub takes its proxy down when it is asked to end; both are in the shell's process group.
        let _asked = Command::new("kill").args(["-TERM", "--", &format!("-{}", self.bash.id())]).status();
        let _ended = self.bash.wait();
        for _ in 0..100 {
            if !listens(8000) && !listens(8081) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A line without what differs from run to run: times, how long something took, hashes, how wide a column is, the order of an object's keys.
fn loosely(line: &str) -> String {
    if let Ok(mut value) = serde_json::from_str::<Value>(line) {
        value.sort_all_objects();
        return without_what_differs(&value.to_string().replace(',', ", "));
    }
    without_what_differs(line)
}

fn without_what_differs(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.rsplit_once(":\"").map_or(word, |(_, value)| value).trim_matches(|c: char| !c.is_alphanumeric());
        let digits = |from: usize, to: usize| bare.get(from..to).is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let is_date = digits(0, 4) && bare.get(4..5) == Some("-") && digits(5, 7) && bare.get(7..8) == Some("-");
        let is_time = bare.len() == 5 && digits(0, 2) && bare.get(2..3) == Some(":") && digits(3, 5);
        let is_hash = bare.len() == 64 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_measured = word.contains('.') && word.parse::<f64>().is_ok();
        if is_date || is_time || is_hash || is_measured { "~".to_owned() } else { word.to_owned() }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}

/// What must be exchanged in the manifest before a block, as the words before it say: "`item.x` for `it.x`".
fn mistake(before: &str) -> Option<(&str, &str)> {
    let words = before.trim_end().rsplit("\n\n").next()?.rsplit(". ").find(|sentence| sentence.contains(" for `"))?;
    let quoted: Vec<&str> = words.split('`').skip(1).step_by(2).collect();
    Some((quoted.first()?, quoted.get(1)?))
}

#[test]
#[ignore = "needs the real servers: tests/real/run"]
fn real_jupyterhub_the_walk_through_adding_a_system_is_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/add-a-system.md")).unwrap();
    let installs = fs::read_to_string(root.join("tests/real/jupyterhub.sh")).unwrap();
    assert!(!listens(8000) && !listens(8081), "the walk's hub wants the ports 8000 and 8081, where something else listens");
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("scanners/hub.yaml");
    let mut shell = Shell::new(folder.path());
    let (mut commands, mut mistakes) = (0, 0);
    let (walk, _) = page.split_once("\n# Beyond the walk").unwrap();
    for block in blocks(walk) {
        let file = |name: &str| {
            assert!(block.before.contains(name), "the page does not say that this is {name}: {}", block.before);
            fs::write(folder.path().join(name), &block.text).unwrap();
        };
        match block.kind.as_str() {
            "sh" if block.text.contains("install") => {
                // Installed by the script that started this test: the same version.
                let hub = block.text.split('\'').nth(1).unwrap();
                assert!(installs.contains(hub), "the page installs {hub}, tests/real/jupyterhub.sh another: {installs}");
            }
            "sh" => {
                let printed = shell.run(&block.text);
                assert_eq!(printed, "", "{}", block.text);
            }
            "python" => file("hub.py"),
            "csv" => file("people.csv"),
            "toml" => file("exeunt.toml"),
            "yaml" => {
                let lines = block.text.lines().count();
                assert!(lines <= 60 && page.contains(&format!("{lines} lines")), "the manifest has {lines} lines");
                assert!(manifest.exists(), "begun with `exeunt scanners new`");
                fs::write(&manifest, &block.text).unwrap();
            }
            "console" => {
                let good = fs::read_to_string(&manifest).unwrap_or_default();
                let wrong = mistake(&block.before);
                if let Some((wrong, right)) = wrong {
                    assert!(good.contains(right), "{right} is not in the manifest");
                    fs::write(&manifest, good.replacen(right, wrong, 1)).unwrap();
                    mistakes += 1;
                }
                for told in format!("\n{}", block.text).split("\n$ ").skip(1) {
                    let (command, expected) = told.split_once('\n').unwrap_or((told, ""));
                    prints(&mut shell, command, expected, block.after.contains("left out here"));
                    commands += 1;
                }
                if wrong.is_some() {
                    fs::write(&manifest, &good).unwrap();
                }
            }
            other => panic!("a block of a kind that this test doesn't know: {other:?}"),
        }
    }
    assert!(
        commands >= 12 && mistakes == 3,
        "{commands} commands, {mistakes} mistakes: the page has changed more than this test can follow"
    );
}

/// That a command prints what the page says; at places the page leaves something out, and says so.
fn prints(shell: &mut Shell, command: &str, expected: &str, in_part: bool) {
    let printed = shell.run(command);
    let lines = |text: &str| text.lines().map(loosely).filter(|line| !line.is_empty()).collect::<Vec<_>>();
    let (expected, came) = (lines(expected), lines(&printed));
    let mut rest = came.iter();
    let in_order = expected.iter().all(|line| rest.any(|other| other == line));
    assert!(in_order && (in_part || came.len() == expected.len()), "$ {command}\nthe page: {expected:#?}\nit printed: {printed}");
}
