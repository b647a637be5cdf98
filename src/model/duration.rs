//! Times as manifests and settings write them: `30s`, `4h`, `90d`.

use std::time::Duration;

/// The duration that a text like `500ms`, `30s`, `10m`, `4h` or `7d` names.
///
/// # Errors
/// One line: the text, and what it should look like.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write 30s, 10m, 4h or 7d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)
}

/// The share that a text like `40%` names, from 0 to below 1.
///
/// # Errors
/// One line: the text, and what it should look like.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|digits| digits.parse::<u8>().ok()).filter(|percent| *percent < 100);
    number.map(|percent| f64::from(percent) / 100.0).ok_or_else(|| format!("{text:?} is not a share; write 40%, from 0% to 99%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_shares() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("7d"), Ok(Duration::from_secs(604_800)));
        for wrong in ["", "s", "30", "30 s", "-1s", "1w", "1.5h", "99999999999999999999d", "18446744073709551615h"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_share("40%"), Ok(0.4));
        for wrong in ["40", "100%", "-1%", "x%"] {
            assert!(parse_share(wrong).is_err(), "{wrong}");
        }
    }
}
