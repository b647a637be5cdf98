//! What the tests against real servers share: a site of their own (settings, HR's file, a manifest for it), the built
//! program run on it, and the graph that it left.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use exeunt::graph::{Graph, Node};
use exeunt::model::{EdgeKind, NodeKind};
use exeunt::store::Store;
use serde_json::Value;

/// A user's own manifest, in their own folder: HR's list as a file.
const HR_FILE: &str = r#"
scanner: hr-file
title: HR's list, as a file
category: hris
contract: "people.csv: number,name,email,home_email,title,department,state,last_day"
settings:
  path: { example: /var/lib/hr/people.csv }
credentials:
  read: { kind: none }
connect: { file: "{{ settings.path }}", format: csv }
see:
  roster:
    file: true
    yields:
      - person: it.number
        name: it.name
        emails: [it.email]
        home_emails: [it.home_email]
        employee_number: it.number
        title: it.title
        department: it.department
        state: it.state
        last_day: it.last_day or none
examples:
  - of: roster
    reply: [{ number: E1, name: Ada Berg, email: ada@acme.example, home_email: "", title: CFO, department: Finance, state: active, last_day: "" }]
    yields: [{ person: E1, name: Ada Berg, emails: [ada@acme.example], employee_number: E1, title: CFO, state: active, last_day: null }]
"#;

/// A variable that `tests/real/run` exports.
pub fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: tests/real/run starts the servers and runs these tests"))
}

/// What is true of the server's data.
pub fn truth(variable: &str) -> Value {
    let path = env(variable);
    serde_json::from_str(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

/// A text in a JSON value.
pub fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no text at {pointer} in {value}"))
}

/// A count in a JSON value.
pub fn count(value: &Value, pointer: &str) -> usize {
    let number = value.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("no number at {pointer} in {value}"));
    usize::try_from(number).unwrap()
}

/// A list of texts in a JSON value, sorted.
pub fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array).unwrap_or_else(|| panic!("no list at {pointer} in {value}"));
    sorted(list.iter().map(|item| item.as_str().unwrap().to_owned()))
}

/// Sorted.
pub fn sorted(items: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut items: Vec<String> = items.into_iter().collect();
    items.sort();
    items
}

/// HR's lines for people of whom only the employee number tells whose account it is.
pub fn strangers(odd: &Value) -> Vec<String> {
    let line = |k| format!("N8{k:03},Stranger {k},stranger.{k}@real.northmoor.example,,Analyst,Research,active,");
    (0..odd.as_object().unwrap().len()).map(line).collect()
}

/// What the program said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// What it said as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

/// An executive who has no account anywhere.
const CHIEF: &str = "N7000,Ylva Ostrander,ylva.ostrander@head.northmoor.example,,Chief of Staff,Office,active,";

/// Settings, HR's file and a store, in a folder that goes with it.
pub struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A site with these people (lines of HR's file) and these systems (a part of the settings).
    pub fn new(people: &[String], systems: &str) -> Self {
        Self::allowing(people, systems, &[])
    }

    /// The same, where these actions are taken as well, which nobody takes unless they are allowed. One person more is an executive without any account,
    /// for a rule that matches nobody is a mistake that a scan refuses to call good.
    pub fn allowing(people: &[String], systems: &str, allow: &[&str]) -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(site.path("scanners")).unwrap();
        fs::write(site.path("scanners/hr-file.yaml"), HR_FILE).unwrap();
        let head = "number,name,email,home_email,title,department,state,last_day";
        fs::write(site.path("people.csv"), format!("{head}\n{CHIEF}\n{}\n", people.join("\n"))).unwrap();
        let settings = format!(
            "scanners = \"scanners\"\n\n[company]\nname = \"Northmoor\"\ndomains = [\"real.northmoor.example\"]\n\n\
             [people]\nexecutive = \"person.title | matches('chief')\"\n\n[departure]\nmass_limit = 50\nallow = {allow:?}\n\n\
             [systems.hr]\nscanner = \"hr-file\"\npath = \"{}\"\n\n{systems}",
            site.path("people.csv").display()
        );
        fs::write(site.path("exeunt.toml"), settings).unwrap();
        let checked = site.run(&["scanners", "check", site.path("scanners/hr-file.yaml").to_str().unwrap()]);
        assert_eq!(checked.code, 0, "a user's own manifest: {checked:?}");
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Said {
        run(&self.path("exeunt.toml"), args)
    }

    /// Scans everything; nothing may be out of sight. Answers with what the program says of `system`.
    pub fn scan(&self, system: &str) -> Value {
        self.scan_with(system, &[])
    }

    fn scan_with(&self, system: &str, options: &[&str]) -> Value {
        let said = self.run(&[&["scan", "--json"], options].concat());
        assert!(said.code == 0 || said.code == 1, "{said:?}");
        let all = said.json();
        assert_eq!(all["not_scanned"], serde_json::json!([]), "{all}");
        let report = report_of(&all, system);
        assert_eq!((&report["gaps"], &report["rights_missing"]), (&serde_json::json!([]), &serde_json::json!([])), "{report}");
        println!("{system}: {} seen in {:.2} s", report["seen"], report["seconds"].as_f64().unwrap());
        report
    }

    /// Scans again, and nothing may have changed.
    pub fn scan_is_quiet(&self, system: &str) {
        let report = self.scan(system);
        assert_eq!((count(&report, "/opened"), count(&report, "/closed")), (0, 0), "nothing has changed: {report}");
    }

    /// What somebody else has changed is seen by the next night, which reads what changed only, and a read of everything adds nothing to it.
    pub fn next_night_sees(&self, system: &str, changed: Result<(), String>) {
        changed.unwrap();
        let night = self.scan(system);
        assert!(count(&night, "/by_changes") > 0, "everything was read: {night}");
        assert!(count(&night, "/opened") + count(&night, "/closed") > 0, "nothing was seen: {night}");
        let whole = self.scan_with(system, &["--full"]);
        assert_eq!((count(&whole, "/by_changes"), count(&whole, "/opened"), count(&whole, "/closed")), (0, 0, 0), "{whole}");
    }

    /// The next nights of a directory: a group moves with its members, a user by itself; each is put back, which the night after sees as well.
    pub fn next_nights_of_a_directory(&self, system: &str, admin: &Directory, (attribute, value): (&str, &str)) {
        let graph = self.graph();
        let dn = |kind, label: &str| one(&graph, system, kind, |node| node.label() == label).text("dn").unwrap().to_owned();
        let (user, group) = (dn(NodeKind::Account, "u0001"), dn(NodeKind::Group, "Badge, Main (Door)"));
        for (add, of_user) in [("add", format!("add: {attribute}\n{attribute}: {value}\n")), ("delete", format!("delete: {attribute}\n"))] {
            self.next_night_sees(system, admin.change(&format!("dn: {group}\nchangetype: modify\n{add}: member\nmember: {user}\n")));
            self.next_night_sees(system, admin.change(&format!("dn: {user}\nchangetype: modify\n{of_user}")));
        }
    }

    /// The plan of a departure; it must be a cut, and free to run.
    pub fn plan(&self, person: &str) -> Value {
        let said = self.run(&["revoke", person, "--dry-run", "--json"]);
        assert_eq!(said.code, 0, "{said:?}");
        let shown = said.json();
        assert_eq!(count(&shown, "/residual_paths"), 0, "{shown}");
        for list in ["/plan/blocked", "/plan/problems", "/plan/residual"] {
            assert_eq!(texts_or_empty(&shown, list), 0, "{list}: {shown}");
        }
        shown["plan"].clone()
    }

    /// Runs a departure. All but `refused` must be proved gone, or handed to a person; each of those must be somebody's task that names it.
    pub fn revoke(&self, person: &str, refused: &[&str]) -> Value {
        let said = self.run(&["revoke", person, "--yes", "--json"]);
        assert_eq!(said.err, "", "no progress in a pipe");
        let ended = said.json();
        let open = !refused.is_empty() || count(&ended, "/handed_off") > 0;
        assert_eq!(said.code, i32::from(open), "what is still there, or left to a person, is said by the exit code: {said:?}");
        let by_hand = |line: &&Value| line["state"] == "handed_off";
        let lines: Vec<&Value> = ended["lines"].as_array().unwrap().iter().filter(|line| !by_hand(line)).collect();
        let still = |line: &&&Value| line["verdict"] != "gone";
        let left = sorted(lines.iter().filter(still).map(|line| text(line, "/label").to_owned()));
        assert_eq!(left, sorted(refused.iter().map(|label| (*label).to_owned())), "{ended}");
        let counts = ["/gone", "/present", "/claimed", "/unknown", "/stuck", "/residual_paths"].map(|pointer| count(&ended, pointer));
        assert_eq!(counts, [lines.len() - refused.len(), refused.len(), 0, 0, 0, 0], "{ended}");
        assert_eq!(ended["unread"], serde_json::json!([]), "everything was read again: {ended}");
        for label in refused {
            let line = lines.iter().find(|line| line["label"] == *label).unwrap();
            assert_eq!((text(line, "/verdict"), text(line, "/state")), ("present", "refused"), "{line}");
            let titles = self.tasks();
            assert!(titles.iter().any(|title| title.contains(label)), "nobody was given {label:?}: {titles:?}");
        }
        println!("{person}: {} actions, window {} ms", lines.len(), ended["window_ms"]);
        ended
    }

    /// The titles of the open tasks.
    pub fn tasks(&self) -> Vec<String> {
        let said = self.run(&["tasks", "--json"]);
        said.json().as_array().unwrap().iter().map(|task| text(task, "/title").to_owned()).collect()
    }

    /// The audit log must verify, and hold this many entries or more.
    pub fn audit_is_intact(&self, at_least: usize) {
        let said = self.run(&["audit", "verify", "--json"]);
        let report = said.json();
        assert!(said.code == 0 && report["verified"] == true && count(&report, "/entries") >= at_least, "{said:?}");
        let bundle = self.path("evidence.zip");
        let bundle = bundle.to_str().unwrap();
        assert_eq!(self.run(&["audit", "bundle", "1", "-o", bundle]).code, 0);
        let said = self.run(&["audit", "verify", bundle]);
        assert_eq!(said.code, 0, "{said:?}");
    }

    /// The graph as the store has it.
    pub fn graph(&self) -> Graph {
        Store::open(&self.path("exeunt.db")).unwrap().read(|conn| Graph::read(conn, None)).unwrap()
    }

    /// How many memberships of this group are known, those of names that are no account's or group's too.
    pub fn members_told(&self, graph: &Graph, system: &str, group: &str) -> usize {
        let group = one(graph, system, NodeKind::Group, |node| node.label() == group).id.0;
        let store = Store::open(&self.path("exeunt.db")).unwrap();
        let told: i64 = store
            .read(|conn| {
                let sql = "SELECT count(*) FROM edge_seen WHERE dst = ?1 AND kind = 'member_of' AND until IS NULL";
                Ok(conn.query_row(sql, [group], |row| row.get(0))?)
            })
            .unwrap();
        usize::try_from(told).unwrap()
    }
}

/// Asks a server with curl: the status, and the body (the text of it, if it is no JSON).
pub fn ask(method: &str, url: &str, headers: &[&str], body: Option<&Value>) -> (u16, Value) {
    let mut command = Command::new("curl");
    command.args(["-sS", "--globoff", "-X", method, "-w", "\n%{http_code}"]);
    for header in headers {
        command.args(["-H", header]);
    }
    if let Some(body) = body {
        command.args(["-d", &body.to_string()]);
        if !headers.iter().any(|header| header.starts_with("Content-Type")) {
            command.args(["-H", "Content-Type: application/json"]);
        }
    }
    let output = command.arg(url).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or_else(|| panic!("{method} {url}: {}", String::from_utf8_lossy(&output.stderr)));
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
}

/// The program, on these settings.
pub fn run(settings: &Path, args: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_exeunt")).arg("--config").arg(settings).args(args).output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What a scan says of one system.
pub fn report_of(scan: &Value, system: &str) -> Value {
    let systems = scan["systems"].as_array().unwrap();
    systems.iter().find(|report| report["system"] == system).unwrap_or_else(|| panic!("{system} was not scanned: {scan}")).clone()
}

fn texts_or_empty(value: &Value, pointer: &str) -> usize {
    value.pointer(pointer).and_then(Value::as_array).map_or(0, Vec::len)
}

/// Every node of a kind in a system that was seen itself.
pub fn seen<'g>(graph: &'g Graph, system: &str, kind: NodeKind) -> Vec<&'g Node> {
    let wanted = |node: &&Node| node.seen && node.kind == kind && node.system == system;
    graph.nodes().map(|(_, node)| node).filter(wanted).collect()
}

/// The one node of which this is true.
pub fn one<'g>(graph: &'g Graph, system: &str, kind: NodeKind, is: impl Fn(&Node) -> bool) -> &'g Node {
    let mut found: Vec<&Node> = seen(graph, system, kind).into_iter().filter(|node| is(node)).collect();
    assert_eq!(found.len(), 1, "{:?}", found.iter().map(|node| node.label()).collect::<Vec<_>>());
    found.remove(0)
}

/// The names of the groups that a node is in: directly, and through others.
pub fn groups(graph: &Graph, node: &Node) -> (Vec<String>, Vec<String>) {
    let start = graph.index(node.id).unwrap();
    let (mut known, mut queue, mut direct, mut nested) = (vec![start], vec![start], Vec::new(), Vec::new());
    while let Some(from) = queue.pop() {
        for (_, edge, to) in graph.out(from).filter(|(_, edge, _)| edge.kind == EdgeKind::MemberOf) {
            let of = if from == start { &mut direct } else { &mut nested };
            of.push((to, graph.net[to].label().to_owned(), edge.attrs.get("via").cloned()));
            if !known.contains(&to) {
                known.push(to);
                queue.push(to);
            }
        }
    }
    nested.retain(|(group, _, _)| !direct.iter().any(|(other, _, _)| other == group));
    let names = |list: Vec<(_, String, _)>| {
        let mut names = sorted(list.into_iter().map(|(_, name, _)| name));
        names.dedup();
        names
    };
    (names(direct), names(nested))
}

/// The members of a group that are known as nodes.
pub fn members(graph: &Graph, group: &Node) -> usize {
    graph.into(graph.index(group.id).unwrap()).filter(|(_, edge, _)| edge.kind == EdgeKind::MemberOf).count()
}

/// A directory asked by OpenLDAP's own tools, as somebody.
pub struct Directory {
    pub url: String,
    pub ca: String,
    pub dn: String,
    pub password: String,
}

impl Directory {
    fn tool(&self, tool: &str) -> Command {
        let mut command = Command::new(tool);
        command.env("LDAPTLS_CACERT", &self.ca).args(["-x", "-H", &self.url, "-D", &self.dn, "-w", &self.password]);
        command
    }

    /// The values of one attribute of the entries that a search finds, or the code and words of the refusal.
    pub fn search(&self, base: &str, scope: &str, filter: &str, attribute: &str) -> Result<Vec<String>, String> {
        use base64::Engine as _;
        let output = self
            .tool("ldapsearch")
            .args(["-LLL", "-o", "ldif-wrap=no", "-E", "pr=100/noprompt", "-b", base, "-s", scope, filter, attribute])
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let plain = format!("{attribute}: ").to_lowercase();
        let coded = format!("{attribute}:: ").to_lowercase();
        let decode = |value: &str| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(value).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Ok(text
            .lines()
            .filter_map(|line| {
                let lower = line.to_lowercase();
                let value = |start: &String| lower.starts_with(start).then(|| line[start.len()..].to_owned());
                value(&plain).or_else(|| value(&coded).map(|value| decode(&value)))
            })
            .collect())
    }

    /// Puts these changes (LDIF) to the server; the words of the refusal, if it refuses.
    pub fn change(&self, ldif: &str) -> Result<(), String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), ldif).unwrap();
        let output = self.tool("ldapmodify").arg("-f").arg(file.path()).output().unwrap();
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
