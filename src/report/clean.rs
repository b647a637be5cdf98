//! Names come from strangers. Whatever a person reads is made harmless here: no control characters, no reversed text, no formulas.

use std::fmt::Write as _;

/// A text on one line, with nothing in it that moves the cursor, colours, or turns the reading direction: such characters are shown as `<U+202E>`.
pub fn line(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => clean.push(' '),
            c if c.is_control() || is_invisible(c) => {
                let _infallible = write!(clean, "<U+{:04X}>", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    clean
}

/// Characters that change how others are shown, or that nobody sees.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}'
        | '\u{e0000}'..='\u{e007f}')
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
        assert_eq!(line("a\nb\u{1b}[31m\u{202e}c"), "a b<U+001B>[31m<U+202E>c");
        assert_eq!(line("Søren Gräf 山田"), "Søren Gräf 山田");
        assert_eq!(cell("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(cell(" \t@SUM(1)"), "'  @SUM(1)");
        assert_eq!(cell("+4520001002"), "'+4520001002");
        assert_eq!(cell("a=b"), "a=b");
        assert_eq!(markup("<script>\"'&\u{0}"), "&lt;script&gt;&quot;&#39;&amp;&lt;U+0000&gt;");
        assert_eq!(short("Søren", 4), "Sør…");
    }
}
