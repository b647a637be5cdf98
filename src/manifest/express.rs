//! The one module that knows the expression engine (Jinja through `minijinja`, bounded by fuel).
//!
//! Most expressions in manifests are plain paths (`it.profile.login`) or references (`account(it.id)`); these are looked
//! up directly in the record. Only the rest is handed to the engine, and only then is the record converted for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, OnceLock, RwLock};

use minijinja::value::Serde;
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value as Jinja};
use serde_json::Value;

use super::functions;
use crate::model::{NodeKind, NodeRef};

/// Every name an expression may use. Which of them hold something depends on where the expression stands.
pub const NAMES: &[&str] = &[
    "it",
    "outer",
    "body",
    "status",
    "headers",
    "settings",
    "parent",
    "person",
    "node",
    "from",
    "to",
    "edge",
    "since",
    "now",
    "seen",
    "entries",
    "successor",
    "job",
    "secret",
    "token",
    "code",
    "act_as",
    "departure",
    "task",
    "event",
    "ticket",
    "file",
    "absent",
];

/// Letters an expression may have; the longest of ours has a tenth.
const LONGEST: usize = 8 << 10;

/// So many compiled expressions are kept.
const KEPT: usize = 1 << 16;

/// Steps one evaluation may take before it is stopped; the engine also charges for bytes.
const FUEL: u64 = 200_000;

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::new();
    // A missing field is null, as API answers need; unknown names are refused when the manifest is loaded.
    engine.set_undefined_behavior(UndefinedBehavior::Chainable);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(64);
    functions::add_to(&mut engine);
    engine
});

/// Compiled expressions by source. Manifests are few and their expressions are shared by every record.
static COMPILED: LazyLock<RwLock<HashMap<String, Arc<Expr>>>> = LazyLock::new(RwLock::default);

/// A compiled expression.
#[derive(Debug)]
pub struct Expr {
    source: String,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// `name.field.field`: looked up directly.
    Path { root: &'static str, fields: Vec<String> },
    /// `account(inner)`: a reference to a node.
    Reference { kind: NodeKind, inner: Arc<Expr> },
    /// Anything else; with the names it uses.
    Engine { expression: Expression<'static, 'static>, names: Vec<&'static str> },
}

impl Expr {
    /// Compiles an expression; the same source is compiled once in a process.
    ///
    /// # Errors
    /// One line: the syntax error, or the name that is not in scope anywhere.
    pub fn compile(source: &str) -> Result<Arc<Self>, String> {
        if let Some(known) = COMPILED.read().ok().and_then(|map| map.get(source).cloned()) {
            return Ok(known);
        }
        if source.len() > LONGEST {
            let begins: String = source.chars().take(40).collect();
            return Err(format!("{begins}…: {} letters are more than an expression may have ({LONGEST})", source.len()));
        }
        let words = unquoted(source).split_whitespace().collect::<Vec<_>>().join(" ");
        if words.contains("or []") || words.contains("or [ ]") {
            return Err(format!(
                "{source}: `or []` takes an empty text, an empty object and false for an empty list, too; write `| or_empty`"
            ));
        }
        let expr = Arc::new(Self { source: source.to_owned(), form: parse(source.trim())? });
        if let Ok(mut map) = COMPILED.write()
            && map.len() < KEPT
        {
            map.insert(source.to_owned(), expr.clone());
        }
        Ok(expr)
    }

    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names it uses (`it`, `body` …).
    pub fn names(&self) -> Vec<&'static str> {
        match &self.form {
            Form::Path { root, .. } => vec![root],
            Form::Reference { inner, .. } => inner.names(),
            Form::Engine { names, .. } => names.clone(),
        }
    }

    /// The fields of a name that it reads: of `it.profile.login | lower ~ it.id` and `it`, `id` and `profile`.
    pub fn fields_of(&self, name: &str) -> Vec<String> {
        let fields: std::collections::BTreeSet<String> =
            self.paths_of(name).into_iter().filter_map(|path| path.into_iter().next()).collect();
        fields.into_iter().collect()
    }

    /// Which parts of a name's value it reads: of `it.profile.login | lower ~ it.id` and `it`, `profile` `login` and `id`. All below a path may be
    /// read; an empty path is the whole value.
    pub fn paths_of(&self, name: &str) -> Vec<Vec<String>> {
        let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut paths = Vec::new();
        for (at, _) in unquoted(&self.source).match_indices(name) {
            let before = self.source[..at].trim_end();
            let rest = &self.source[at + name.len()..];
            if self.source[..at].ends_with(of_word) || before.ends_with('.') || rest.starts_with(of_word) {
                continue;
            }
            let mut path = Vec::new();
            let mut rest = rest;
            while let Some((field, after)) = step(rest) {
                rest = after;
                path.push(field.to_owned());
            }
            paths.push(path);
        }
        paths
    }

    /// The path within a name's value, if the expression is nothing else: of `it.profile.emails` and `it`, `profile` and `emails`.
    pub fn path_of(&self, name: &str) -> Option<&[String]> {
        match &self.form {
            Form::Path { root, fields } if *root == name => Some(fields),
            _ => None,
        }
    }

    /// Evaluates to a JSON value. A missing field is null.
    ///
    /// # Errors
    /// One line: what the engine refused (a filter on the wrong type, fuel spent …), and the expression.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, String> {
        match &self.form {
            Form::Path { root, fields } => Ok(look_up(scope.get(root), fields).cloned().unwrap_or(Value::Null)),
            Form::Reference { kind, inner } => Ok(inner.key(scope)?.map_or(Value::Null, |key| functions::reference(*kind, &key))),
            Form::Engine { expression, names } => {
                let context: BTreeMap<&str, Jinja> = names.iter().filter_map(|name| Some((*name, scope.for_engine(name)?))).collect();
                let value = expression.eval(Jinja::from(context)).map_err(|error| self.explain(&error))?;
                if value.is_undefined() || value.is_none() {
                    return Ok(Value::Null);
                }
                serde_json::to_value(&value).map_err(|error| format!("{}: {error}", self.source))
            }
        }
    }

    /// Evaluates to text: null is none, numbers and booleans are written out.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn text(&self, scope: &Scope<'_>) -> Result<Option<String>, String> {
        if let Form::Path { root, fields } = &self.form {
            return Ok(match look_up(scope.get(root), fields) {
                None | Some(Value::Null) => None,
                Some(value) => Some(plain(value)),
            });
        }
        Ok(match self.eval(scope)? {
            Value::Null => None,
            value => Some(plain(&value)),
        })
    }

    /// Evaluates to the key of a reference: null is none.
    fn key(&self, scope: &Scope<'_>) -> Result<Option<String>, String> {
        let value;
        let key = match &self.form {
            Form::Path { root, fields } => look_up(scope.get(root), fields),
            _ => {
                value = self.eval(scope)?;
                Some(&value)
            }
        };
        match key {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(_) | Value::Array(_)) => {
                Err(format!("{}: a key is a text or a number, and this is a list or a map", self.source))
            }
            Some(key) => Ok(Some(plain(key))),
        }
    }

    /// Evaluates to yes or no, as Jinja sees truth: null, false, 0, empty text and empty lists are no.
    ///
    /// # Errors
    /// As [`Expr::eval`].
    pub fn truth(&self, scope: &Scope<'_>) -> Result<bool, String> {
        Ok(match self.eval(scope)? {
            Value::Null => false,
            Value::Bool(yes) => yes,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
        })
    }

    /// Evaluates to a reference to a node: null is none.
    ///
    /// # Errors
    /// As [`Expr::eval`]; or the value is not a reference.
    pub fn reference(&self, scope: &Scope<'_>) -> Result<Option<NodeRef>, String> {
        if let Form::Reference { kind, inner } = &self.form {
            return Ok(inner.key(scope)?.filter(|key| !key.is_empty()).map(|key| NodeRef::new(*kind, key)));
        }
        match self.eval(scope)? {
            Value::Null => Ok(None),
            value => functions::as_reference(&value)
                .map(Some)
                .ok_or_else(|| format!("{} is not a reference: write account(…), address(…) or the like", self.source)),
        }
    }

    fn explain(&self, error: &minijinja::Error) -> String {
        let detail = error.detail().map(str::to_owned).unwrap_or_else(|| error.kind().to_string());
        format!("{}: {detail}", self.source)
    }
}

/// The field that an expression goes on with, as `.name` or `['name']`, and what stands after it.
fn step(rest: &str) -> Option<(&str, &str)> {
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(after) = rest.strip_prefix('.') {
        let field = after.split(|c: char| !of_word(c)).next()?;
        let rest = &after[field.len()..];
        // What is called is no field.
        let named = field.starts_with(|c: char| !c.is_ascii_digit());
        return (named && !rest.starts_with('(')).then_some((field, rest));
    }
    let inside = rest.strip_prefix('[')?.trim_start();
    let quote = inside.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    let (field, after) = inside[1..].split_once(quote)?;
    // A name that is put together, or that an escape stands in, is known only when it is evaluated.
    let rest = after.trim_start().strip_prefix(']')?;
    (!field.is_empty() && !field.contains('\\')).then_some((field, rest))
}

/// The names in scope for one evaluation, each a JSON value that is converted for the engine at most once.
#[derive(Default, Clone)]
pub struct Scope<'a> {
    vars: Vec<(&'static str, Var<'a>)>,
}

#[derive(Clone)]
struct Var<'a> {
    json: std::borrow::Cow<'a, Value>,
    jinja: OnceLock<Jinja>,
}

impl<'a> Scope<'a> {
    /// Nothing in scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// This scope, and `name`.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &'a Value) -> Self {
        self.set(name, value);
        self
    }

    /// This scope, and `name` with a value of its own.
    #[must_use]
    pub fn with_owned(mut self, name: &'static str, value: Value) -> Self {
        self.put(name, Var { json: std::borrow::Cow::Owned(value), jinja: OnceLock::new() });
        self
    }

    /// Puts `name` in scope, in place of what it held.
    pub fn set(&mut self, name: &'static str, value: &'a Value) {
        self.put(name, Var { json: std::borrow::Cow::Borrowed(value), jinja: OnceLock::new() });
    }

    fn put(&mut self, name: &'static str, var: Var<'a>) {
        match self.vars.iter_mut().find(|(known, _)| *known == name) {
            Some(slot) => slot.1 = var,
            None => self.vars.push((name, var)),
        }
    }

    /// What `name` holds.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.vars.iter().find(|(known, _)| *known == name).map(|(_, var)| &*var.json)
    }

    /// What `name` holds, converted at most once; nothing if it isn't in scope.
    fn for_engine(&self, name: &str) -> Option<Jinja> {
        let (_, var) = self.vars.iter().find(|(known, _)| *known == name)?;
        Some(var.jinja.get_or_init(|| Jinja::from(Serde(&*var.json))).clone())
    }
}

/// A value as text: strings as they are, everything else as JSON writes it.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An expression's letters, with zeros in place of those of the texts in it. A quote after a backslash ends no text.
pub(super) fn outside_quotes(source: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut quote, mut escaped) = (None, false);
    source.char_indices().map(move |(at, c)| {
        let within = quote.is_some();
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
        (at, if within && quote.is_some() { '\0' } else { c })
    })
}

/// An expression with blanks in place of the texts in it, in which each byte is where it was.
fn unquoted(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    for ((_, c), was) in outside_quotes(source).zip(source.chars()) {
        if c == was { out.push(c) } else { out.extend(std::iter::repeat_n(' ', was.len_utf8())) }
    }
    out
}

fn look_up<'v>(root: Option<&'v Value>, fields: &[String]) -> Option<&'v Value> {
    fields.iter().try_fold(root?, |value, field| value.get(field))
}

fn parse(source: &str) -> Result<Form, String> {
    if let Some(form) = parse_path(source) {
        return form;
    }
    if let Some((kind, inner)) = parse_reference(source)
        // A reference of a reference is none. However many stand in one another, the engine refuses them.
        && parse_reference(inner.trim()).is_none()
        && let Ok(inner) = Expr::compile(inner)
    {
        return Ok(Form::Reference { kind, inner });
    }
    let expression = ENGINE.compile_expression_owned(source.to_owned()).map_err(|error| {
        let detail = error.detail().unwrap_or("not an expression");
        format!("{source}: {detail}")
    })?;
    known_filters(source)?;
    let mut names = Vec::new();
    let used: BTreeSet<String> = expression.undeclared_variables(false).into_iter().collect();
    for name in used {
        let is_function = functions::NAMES.contains(&name.as_str()) || ENGINE.globals().any(|(global, _)| global == name);
        match known_name(&name) {
            // `person` is both a name and a function: in scope, the name counts.
            Ok(known) => names.push(known),
            Err(_) if is_function => {}
            Err(problem) => return Err(problem),
        }
    }
    // The engine doesn't report names inside a slice (`it.x[-3:]`): those are found by eye.
    if source.contains('[') && source.contains(':') {
        for word in unquoted(source).split(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c))) {
            names.extend(NAMES.iter().copied().find(|name| word.split('.').next() == Some(*name)));
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(Form::Engine { expression, names })
}

/// Refuses filters and tests that there aren't. The engine itself finds out when it evaluates, which is the middle of the night.
fn known_filters(source: &str) -> Result<(), String> {
    let mut words: Vec<String> = Vec::new();
    for c in unquoted(source).chars() {
        let of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match words.last_mut() {
            Some(word) if of_word(c) && word.ends_with(of_word) => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words.retain(|word| !word.trim().is_empty());
    for (place, word) in words.iter().enumerate() {
        let next = |more: usize| words.get(place + more).map_or("", String::as_str);
        let (name, what, probe) = match (word.as_str(), next(1)) {
            ("|", name) => (name, "filter", "none|"),
            ("is", "not") => (next(2), "test", "none is "),
            ("is", name) if words.get(place.wrapping_sub(1)).is_none_or(|before| before != ".") => (name, "test", "none is "),
            _ => continue,
        };
        if !name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            continue;
        }
        let tried = ENGINE.compile_expression_owned(format!("{probe}{name}")).and_then(|expression| expression.eval(()).map(drop));
        if let Err(error) = tried
            && matches!(error.kind(), ErrorKind::UnknownFilter | ErrorKind::UnknownTest)
        {
            return Err(format!("{source}: there is no {what} {name}"));
        }
    }
    Ok(())
}

fn known_name(name: &str) -> Result<&'static str, String> {
    NAMES
        .iter()
        .copied()
        .find(|known| *known == name)
        .ok_or_else(|| format!("{name} is no name that an expression can use (there are {})", NAMES.join(", ")))
}

/// `name.field.field`, or nothing if the text is anything else.
fn parse_path(source: &str) -> Option<Result<Form, String>> {
    let is_word = |word: &str| {
        !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()) && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let mut words = source.split('.');
    let root = words.next().filter(|word| is_word(word))?;
    let fields: Vec<String> = words.map(str::to_owned).collect();
    if !fields.iter().all(|word| is_word(word)) || ["true", "false", "none", "null", "True", "False", "None"].contains(&root) {
        return None;
    }
    Some(known_name(root).map(|root| Form::Path { root, fields }))
}

/// `kind(inner)` where `inner` is one whole expression.
fn parse_reference(source: &str) -> Option<(NodeKind, &str)> {
    let (word, rest) = source.split_once('(')?;
    let kind = word.parse().ok()?;
    let inner = rest.strip_suffix(')')?;
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return None;
        }
    }
    Some((kind, inner))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn eval(source: &str, it: &Value) -> Value {
        Expr::compile(source).unwrap().eval(&Scope::new().with("it", it)).unwrap()
    }

    #[test]
    fn nothing_but_nothing_is_an_empty_list() {
        for refused in ["it.x or []", "(it.x  or\n[ ]) | length"] {
            assert!(Expr::compile(refused).is_err_and(|problem| problem.contains("| or_empty")), "{refused}");
        }
        let empty = Expr::compile("it.x | or_empty").unwrap();
        let eval = |x: Value| {
            let it = json!({ "x": x });
            empty.eval(&Scope::new().with_owned("it", it))
        };
        assert_eq!(eval(Value::Null), Ok(json!([])));
        assert_eq!(eval(json!([1])), Ok(json!([1])));
        assert_eq!(empty.eval(&Scope::new().with_owned("it", json!({}))), Ok(json!([])));
        for none in [json!({}), json!(""), json!(false), json!(0), json!("a")] {
            assert!(eval(none.clone()).is_err(), "{none}");
        }
        assert!(Expr::compile("'a or []' ~ it.x").is_ok(), "within quotes it is a text");
    }

    #[test]
    fn paths_filters_and_missing_fields() {
        let it = json!({"id": "00u1", "profile": {"login": "a@b.example"}, "n": 66050, "groups": [{"id": 1}, {"id": 2}]});
        assert_eq!(eval("it.profile.login", &it), json!("a@b.example"));
        assert_eq!(eval("it.profile.nothing.here", &it), Value::Null);
        assert_eq!(eval("it['no'].such", &it), Value::Null);
        assert_eq!(eval("'disabled' if it.n | bit(2) else 'active'", &it), json!("disabled"));
        assert_eq!(eval("it.groups | map(attribute='id') | list", &it), json!([1, 2]));
        assert_eq!(eval("it.id ~ '/' ~ it.n", &it), json!("00u1/66050"));
        assert_eq!(eval("it.profile.login | matches('x', 'B.EX')", &it), json!(true));
        assert_eq!(eval("it.profile.login[-7:]", &it), json!("example"));
        let rule = Expr::compile("person.title | matches('chief')").unwrap();
        assert!(rule.truth(&Scope::new().with("person", &json!({"title": "Chief of Staff"}))).unwrap());
    }

    #[test]
    fn what_stands_in_quotes_is_a_text_whatever_quotes_it_holds() {
        for (source, plain) in [
            (r"'it\'s' ~ it.a", r"'     ' ~ it.a"),
            (r#""it's" ~ it.a"#, r#""    " ~ it.a"#),
            (r"'\\' ~ it.a", r"'  ' ~ it.a"),
            (r#"it["é'"]"#, r#"it["   "]"#),
        ] {
            assert_eq!(unquoted(source), plain, "{source}");
        }
        let it = json!({"a": "abc"});
        for (source, value) in [(r"'it\'s ' ~ it.a", "it's abc"), (r#""'" ~ it.a[1:]"#, "'bc"), (r#"'"' ~ it.a[:1] ~ "'""#, "\"a'")] {
            assert_eq!(Expr::compile(source).unwrap().paths_of("it"), [["a"]], "{source}");
            assert_eq!(eval(source, &it), json!(value), "{source}");
        }
        assert!(Expr::compile(r"'\'' ~ it.a | nosuchfilter").is_err());
    }

    // Reliability: Nothing stuck.
    #[test]
    fn no_expression_is_too_long_or_too_deep_to_be_read() {
        for count in [2, 40, 1000, 100_000] {
            let nested = format!("{}it.id{}", "account(".repeat(count), ")".repeat(count));
            let said = Expr::compile(&nested).map(|expr| expr.eval(&Scope::new().with("it", &json!({"id": "a"}))).is_ok());
            assert_ne!(said, Ok(true), "{count}: a reference of a reference is none");
            let words = format!("{}it.id", "it.id ~ ".repeat(count));
            assert_eq!(Expr::compile(&words).is_err(), words.len() > LONGEST, "{count}");
        }
    }

    #[test]
    fn references_name_nodes() {
        let it = json!({"id": "00u1", "email": " A@B.example", "none": null});
        let scope = Scope::new().with("it", &it);
        let reference = |source: &str| Expr::compile(source).unwrap().reference(&scope).unwrap();
        assert_eq!(reference("account(it.id)"), Some(NodeRef::new(NodeKind::Account, "00u1")));
        assert_eq!(reference("address(it.email)").unwrap().key, "a@b.example");
        assert_eq!(reference("address(it.none)"), None);
        assert_eq!(reference("account(it.id) if it.id else group(it.id)"), Some(NodeRef::new(NodeKind::Account, "00u1")));
        assert!(Expr::compile("it.id").unwrap().reference(&scope).is_err());
    }

    #[test]
    fn unknown_names_and_endless_work_are_refused() {
        assert!(Expr::compile("itt.id").unwrap_err().contains("itt"));
        assert!(Expr::compile("foo + it.id").unwrap_err().contains("foo"));
        assert!(Expr::compile("it.id ==").is_err());
        assert!(Expr::compile("it.id | no_such").unwrap_err().contains("no filter no_such"));
        assert!(Expr::compile("it.id is not  odder").unwrap_err().contains("no test odder"));
        for good in ["it.id | lower|length", "it.id is not none and it.is.x", "it.id ~ ' | no_such is odder'", "it.is + 1"] {
            assert!(Expr::compile(good).is_ok(), "{good}: {:?}", Expr::compile(good).unwrap_err());
        }
        let bomb = Expr::compile("range(10000) | map('string') | join('x') | list | length * range(9999) | list | length").unwrap();
        let _ = bomb.eval(&Scope::new());
        let hungry = Expr::compile("('a' * 900000000) | length").unwrap();
        assert!(hungry.eval(&Scope::new()).is_err());
    }
}
