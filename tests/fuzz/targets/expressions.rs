//! Expressions over a record, and values put into templates. Evaluation ends, gives the same twice and no more than fuel pays for; a value never
//! changes what it is put into.

use exeunt::manifest::express::{Expr, Scope};
use exeunt::manifest::functions::parse_time;
use exeunt::manifest::template::{Place, Template};
use serde_json::{Value, json};

use super::bytes::Bytes;

/// No evaluation gives more, written as JSON.
const MOST: usize = 64 << 20;

fn record(text: &str, number: u64) -> Value {
    json!({
        "id": "00u1", "text": text, "n": number, "none": null, "yes": true, "float": 1.5, "when": "2026-03-03T12:00:00Z",
        "filetime": "134170128000000000", "dn": "CN=Doe\\, Jo,OU=People,DC=acme,DC=example", "emails": ["ada@acme.example", text],
        "profile": { "login": "ada@acme.example", "title": text }, "list": [{ "role": "owner", "id": 1 }, { "role": text, "id": number }],
    })
}

pub fn expressions(data: &[u8]) {
    let mut bytes = Bytes(data);
    match bytes.byte() % 4 {
        0 => template(&mut bytes),
        1 => times(&mut bytes),
        _ => expression(&mut bytes),
    }
}

fn expression(bytes: &mut Bytes<'_>) {
    let (text, number) = (bytes.text(), bytes.short() as u64);
    let source = bytes.rest_text();
    let (it, status) = (record(&text, number), json!(200));
    let scope = Scope::new().with("it", &it).with("body", &it).with("status", &status).with("now", &it["when"]);
    let expr = match Expr::compile(&source) {
        Ok(expr) => expr,
        Err(problem) => {
            assert_eq!(Expr::compile(&source).unwrap_err(), problem);
            return;
        }
    };
    for name in expr.names() {
        // What an expression reads is looked up by eye; it must name at least one path for each name that it uses.
        if name == "it" {
            assert!(!expr.paths_of("it").is_empty(), "{source:?} uses it, and reads nothing of it");
        }
    }
    let (first, second) = (expr.eval(&scope), expr.eval(&scope));
    if !source.contains("random_password") {
        assert_eq!(first, second, "{source:?}");
        assert_eq!(expr.text(&scope), expr.text(&scope));
        assert_eq!(expr.truth(&scope), expr.truth(&scope));
    }
    let _ = expr.reference(&scope);
    if let Ok(value) = first {
        assert!(value.to_string().len() <= MOST, "{source:?} gives {} MiB", value.to_string().len() >> 20);
    }
}

/// A value in each place of a template.
fn template(bytes: &mut Bytes<'_>) {
    let it = json!({ "a": bytes.text(), "b": bytes.text() });
    let scope = Scope::new().with("it", &it);
    let rendered = |source: &str, place: Place| Template::compile(source).unwrap().render(place, &scope);
    for source in ["/users/{{ it.a }}/tokens/{{ it.b }}", "/users/{{ it.a }}?name={{ it.b }}&all=1", "/v{{ it.a }}/x"] {
        let Ok(url) = rendered(source, Place::Url) else { continue };
        for sign in ['/', '?', '&', '#', '=', ' ', '\\'] {
            let own = source.replace("{{ it.a }}", "").replace("{{ it.b }}", "").matches(sign).count();
            assert_eq!(url.matches(sign).count(), own, "{source} became {url:?}");
        }
        let path = url.split('?').next().unwrap_or_default();
        assert!(path.split('/').skip(1).all(|segment| !["", ".", ".."].contains(&segment)), "{source} became {url:?}");
    }
    if let Ok(header) = rendered("Bearer {{ it.a }}", Place::Header) {
        assert!(!header.contains(['\r', '\n']), "{header:?}");
    }
    if let Ok(filter) = rendered("(&(cn={{ it.a }})(mail={{ it.b }}))", Place::Filter) {
        assert_eq!((filter.matches('(').count(), filter.matches(')').count(), filter.matches('*').count()), (3, 3, 0), "{filter:?}");
    }
    let words = rendered("to {{ it.a }}", Place::Words).unwrap();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    if let Ok(dn) = rendered("CN={{ it.a }},DC=acme", Place::Dn) {
        let mut escaped = false;
        let commas = dn.chars().filter(|c| {
            let counts = *c == ',' && !escaped;
            escaped = *c == '\\' && !escaped;
            counts
        });
        assert_eq!(commas.count(), 1, "{dn:?}");
    }
}

/// A moment that was read is written as one that reads as the same.
fn times(bytes: &mut Bytes<'_>) {
    let text = bytes.rest_text();
    let number = serde_json::from_str::<Value>(&text).ok().filter(Value::is_number);
    for value in [Some(json!(text)), number].into_iter().flatten() {
        let Some(Some(at)) = parse_time(&value) else { continue };
        assert_eq!(parse_time(&json!(at.to_string())), Some(Some(at)), "{value}");
    }
    let it = json!(text);
    let scope = Scope::new().with("it", &it);
    for source in [
        "it | time",
        "it | day(-30)",
        "it | epoch",
        "it | earlier('1h')",
        "it | date('dd/mm/yyyy')",
        "it | date('d.m.yy')",
        "it | bit(2)",
        "it | set_bit(2)",
        "it | split(',')",
        "it | domain",
        "it | rdn",
        "it | b64encode",
        "it | matches('a')",
        "'2026-03-03' | date(it)",
        "'2026-03-03' | earlier(it)",
        "it | urlencode",
        "it | round",
        "it | int",
    ] {
        let expr = Expr::compile(source).unwrap();
        assert_eq!(expr.eval(&scope), expr.eval(&scope), "{source}");
    }
}
