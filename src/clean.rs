//! Names come from strangers. Whatever a person reads is made harmless here: no control characters, no reversed text, no formulas.

use std::fmt::Write as _;

/// A text on one line, with nothing in it that moves the cursor, breaks the line, colours, or turns the reading direction: such characters are shown
/// as `<U+202E>`. What is clean stays as it is.
pub fn line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() || is_invisible(c) => {
                let _infallible = write!(clean, "<U+{:04X}>", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    clean
}

/// A text of several lines that we wrote, whatever names stand in it: each line as [`line`] has it.
pub fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What goes to a terminal, as it is but for characters that only a stranger's text can have: of control characters, line breaks stay, and the colours
/// that we use if there are any.
pub fn terminal(text: &str, coloured: bool) -> String {
    if !text.chars().any(|c| (c.is_control() && c != '\n') || is_invisible(c)) {
        return text.to_owned();
    }
    let ours = |rest: &str| OUR_COLOURS.iter().find(|code| coloured && rest.starts_with(**code)).map(|code| code.len());
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\x1b' => ours(rest).unwrap_or(c.len_utf8()),
            _ => c.len_utf8(),
        };
        match c {
            '\n' => clean.push(c),
            _ if taken > c.len_utf8() => clean.push_str(&rest[..taken]),
            _ => clean.push_str(&line(&rest[..taken])),
        }
        rest = &rest[taken..];
    }
    clean
}

/// The colours that are used in lines for a terminal.
const OUR_COLOURS: &[&str] = &["\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[90m"];

/// JSON with its invisible characters written as escapes: the same value, and nothing that a terminal obeys.
pub fn json(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if is_invisible(c) || (c.is_control() && c != '\n') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _infallible = write!(clean, "\\u{unit:04x}");
            }
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Characters that change how others are shown, or that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{3164}' | '\u{ffa0}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text as a table's cell: one that a spreadsheet would take for a formula gets an apostrophe before it.
pub fn cell(text: &str) -> String {
    let clean = line(text);
    // Some spreadsheets skip blanks before they look for a formula, and take the full-width signs too.
    match clean.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠') => format!("'{clean}"),
        _ => clean,
    }
}

/// A text for HTML and XML, content and attributes alike.
pub fn markup(text: &str) -> String {
    let clean = line(text);
    let mut escaped = String::with_capacity(clean.len());
    for c in clean.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML 1.0 has no way to write these two.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The first `most` characters of a text; an ellipsis stands for the rest.
pub fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_harmless_and_stay_readable() {
        assert_eq!(line("a\nb\u{1b}[31m\u{202e}c"), "a<U+000A>b<U+001B>[31m<U+202E>c");
        assert_eq!(line(&line("a\nb")), line("a\nb"), "what is clean stays as it is");
        assert_eq!(lines("a\nb\r\nc\u{202e}"), "a\nb\nc<U+202E>");
        assert_eq!(terminal("\x1b[31mred\x1b[0m\n\x1b[2K\u{202e}é", true), "\x1b[31mred\x1b[0m\n<U+001B>[2K<U+202E>é");
        assert_eq!(terminal("\x1b[31mred", false), "<U+001B>[31mred");
        assert_eq!(json("{\"a\": \"\u{202e}\u{e0041}é\"}"), "{\"a\": \"\\u202e\\udb40\\udc41é\"}");
        assert_eq!(line("Søren Gräf 山田"), "Søren Gräf 山田");
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell(" \t@SUM(1)"), " <U+0009>@SUM(1)");
        assert_eq!(cell("+4520001002"), "'+4520001002");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(markup("<script>\"'&\u{0}"), "&lt;script&gt;&quot;&#39;&amp;&lt;U+0000&gt;");
        assert_eq!(short("Søren", 4), "Sør…");
    }
}
