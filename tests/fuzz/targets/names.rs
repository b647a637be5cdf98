//! Names from strangers, as people are shown them.

use exeunt::clean;
use serde_json::Value;

pub fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data).into_owned();
    let obeyed = |text: &str| text.chars().any(|c| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c));
    let line = clean::line(&text);
    assert!(!obeyed(&line) && !line.contains('\n'), "{line:?}");
    assert_eq!(clean::line(&line), line, "what is clean stays as it is");
    assert!(!obeyed(&clean::lines(&text)));
    assert!(!obeyed(&clean::terminal(&text, false)));
    let coloured = clean::terminal(&text, true);
    for (at, _) in coloured.match_indices('\u{1b}') {
        let code = coloured[at..].strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')).map(|(code, _)| code);
        assert!(code.is_some_and(|code| code.len() <= 2 && code.bytes().all(|byte| byte.is_ascii_digit())), "{coloured:?}");
    }
    let cell = clean::cell(&text);
    assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%']), "{cell:?}");
    let markup = clean::markup(&text);
    assert!(!markup.contains(['<', '>', '"', '\'']) && !obeyed(&markup), "{markup:?}");
    let quoted = clean::json(&Value::from(text.clone()).to_string());
    assert!(!obeyed(&quoted), "{quoted:?}");
    assert_eq!(serde_json::from_str::<Value>(&quoted).unwrap(), Value::from(text.clone()), "the same value");
    assert!(clean::short(&text, 9).chars().count() <= 9);
}
