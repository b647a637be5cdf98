//! What a body would take in memory once it is parsed, told from its bytes before anything is. A few kilobytes of a packed body can unpack to
//! millions of empty lists, each of which costs a hundred times what it took.

/// The most memory that parsing one body may take.
const MOST: u64 = 1 << 30;

/// A value within others, and its place in their list or map.
const VALUE: u64 = 72;

/// A list or a map of its own.
const HOLDER: u64 = 48;

/// A member of a map: its name, and its place.
const MEMBER: u64 = 120;

/// What a body would take, unless that is too much.
///
/// # Errors
/// One line: how large it is, and what it would take.
fn refuse(bytes: u64, items: u64, cost: u64) -> Result<u64, String> {
    if cost <= MOST {
        return Ok(cost);
    }
    Err(format!(
        "too costly to read ({} MiB with {:.1} million items would take {:.1} GiB, and more than {} GiB is refused)",
        bytes.div_ceil(1 << 20),
        items as f64 / 1e6,
        cost as f64 / f64::from(1 << 30),
        MOST >> 30
    ))
}

/// As [`refuse`], for so many values beside one another.
pub(super) fn values(bytes: u64, values: u64) -> Result<u64, String> {
    refuse(bytes, values, bytes + values * VALUE)
}

/// As [`refuse`], for JSON.
pub(super) fn json(bytes: &[u8]) -> Result<u64, String> {
    json_of(bytes, false)
}

/// As [`refuse`], for JSON with a value a line.
pub(super) fn json_lines(bytes: &[u8]) -> Result<u64, String> {
    json_of(bytes, true)
}

fn json_of(bytes: &[u8], lines: bool) -> Result<u64, String> {
    let (mut values, mut holders, mut members) = (1_u64, 0_u64, 0_u64);
    let (mut within, mut escaped) = (false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            _ if within => {}
            b',' => values += 1,
            b'\n' if lines => values += 1,
            b'[' | b'{' => (values, holders) = (values + 1, holders + 1),
            b':' => members += 1,
            _ => {}
        }
    }
    let size = bytes.len() as u64;
    refuse(size, values, size + values * VALUE + holders * HOLDER + members * MEMBER)
}

/// As [`refuse`], for CSV: each row is a map of all columns.
pub(super) fn csv(bytes: &[u8], columns: usize, names: usize) -> Result<u64, String> {
    // A row ends with either of these, or with both.
    let rows = bytes.iter().filter(|byte| b"\r\n".contains(byte)).count() as u64 + 1;
    let size = bytes.len() as u64;
    // A row with fewer cells than columns is refused by the reader, so that cells are what the bytes have room for.
    let cells = rows.saturating_mul(columns as u64).min(size + 1);
    refuse(size, cells, size + cells * (VALUE + MEMBER) + rows * (names as u64 + HOLDER))
}

/// As [`refuse`], for a body of this kind; none for text. [`super::body::parse`] begins with it.
pub(super) fn of(content_type: &str, bytes: &[u8]) -> Result<Option<u64>, String> {
    use super::body::{Form, csv_reader, form};
    Ok(Some(match form(content_type, bytes) {
        Form::Json => json(bytes)?,
        Form::JsonLines => json_lines(bytes)?,
        Form::Csv => {
            let (_, names) = csv_reader(bytes)?;
            csv(bytes, names.len(), names.iter().map(String::len).sum())?
        }
        Form::Xml => xml(&String::from_utf8_lossy(bytes))?,
        Form::Text => return Ok(None),
    }))
}

/// As [`refuse`], for XML.
pub(super) fn xml(text: &str) -> Result<u64, String> {
    let (mut elements, mut attributes) = (0_u64, 0_u64);
    for byte in text.bytes() {
        match byte {
            b'<' => elements += 1,
            b'=' => attributes += 1,
            _ => {}
        }
    }
    let size = text.len() as u64;
    refuse(size, elements, 2 * size + elements * (VALUE + MEMBER) + attributes * (VALUE + MEMBER))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::body::parse;

    // Reliability: Nothing stuck.
    #[test]
    fn a_body_that_would_fill_the_memory_is_refused_before_it_is_parsed() {
        let lists = format!("[{}[]]", "[],".repeat(12_000_000));
        let lines = "[]\n".repeat(12_000_000);
        let maps = format!("[{}{{}}]", "{\"a\":1},".repeat(6_000_000));
        for (kind, body) in [
            ("application/json", lists),
            ("application/x-ndjson", lines),
            ("application/json", maps),
            ("", "[".to_owned() + &"0,".repeat(20_000_000) + "0]"),
        ] {
            let refused = parse(kind, body.as_bytes()).unwrap_err();
            assert!(refused.contains("would take") && refused.contains("million items"), "{refused}");
        }
        let refused = parse("text/csv", "a\r".repeat(6_000_000).as_bytes()).unwrap_err();
        assert!(refused.contains("would take"), "{refused}");
        let refused = parse("text/xml", format!("<r>{}</r>", "<a/>".repeat(8_000_000)).as_bytes()).unwrap_err();
        assert!(refused.contains("would take"), "{refused}");
        let columns = (0..3000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
        let row = ",".repeat(2999);
        let refused = parse("text/csv", format!("{columns}\n{}", format!("{row}\n").repeat(3000)).as_bytes()).unwrap_err();
        assert!(refused.contains("would take"), "{refused}");
    }

    #[test]
    fn a_large_list_of_people_is_read() {
        // Fifty thousand users of a kilobyte each, in one page.
        let one = format!(
            "{{\"id\":\"u\",\"userName\":\"a, b: c\",\"emails\":[{{\"value\":\"a@x.example\"}}],\"text\":\"{}\"}}",
            "x, ".repeat(300)
        );
        let body = format!("[{}]", vec![one; 50_000].join(","));
        super::json(body.as_bytes()).unwrap();
    }
}
