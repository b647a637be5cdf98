//! HTML and SVG that escape by themselves. [`html!`] is the only way to make them: its template is part of the program, and whatever is put into it is
//! escaped unless it was made in the same way. So a name can't become markup because somebody forgot something.
//!
//! A small type rather than a template engine: the pages are put together by code anyway, and the compiler then checks what a template can't.

use std::fmt::Display;
use std::ops::AddAssign;

use super::clean::markup;

/// Markup that is harmless, whatever names stand in it.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

/// What may be put into a template.
pub trait Piece {
    /// Appends it.
    fn put(&self, page: &mut Html);
}

impl Html {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A template's text with `{}` replaced by the pieces in their order, or `{2}` by the third. Use [`html!`], which takes literals only.
    pub fn fill(template: &'static str, pieces: &[&dyn Piece]) -> Self {
        let mut page = Self(String::with_capacity(template.len() + 32 * pieces.len()));
        let mut rest = template;
        let mut next = 0;
        while let Some((before, after)) = rest.split_once('{') {
            page.0.push_str(before);
            let (number, after) = after.split_once('}').unwrap_or((after, ""));
            let at = number.parse().unwrap_or(next);
            next = at + 1;
            debug_assert!(at < pieces.len(), "{template:?} has no piece {at}");
            if let Some(piece) = pieces.get(at) {
                piece.put(&mut page);
            }
            rest = after;
        }
        page.0.push_str(rest);
        page
    }

    /// The program's own text, such as a style sheet.
    pub fn ours(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The finished text.
    pub fn into_text(self) -> String {
        self.0
    }

    fn put_number(&mut self, number: &dyn Display) {
        self.0.push_str(&number.to_string());
    }
}

impl AddAssign for Html {
    fn add_assign(&mut self, more: Self) {
        self.0.push_str(&more.0);
    }
}

impl FromIterator<Html> for Html {
    fn from_iter<I: IntoIterator<Item = Html>>(pieces: I) -> Self {
        let mut all = Self::new();
        pieces.into_iter().for_each(|piece| all += piece);
        all
    }
}

impl Piece for Html {
    fn put(&self, page: &mut Html) {
        page.0.push_str(&self.0);
    }
}

impl Piece for str {
    fn put(&self, page: &mut Html) {
        page.0.push_str(&markup(self));
    }
}

impl Piece for String {
    fn put(&self, page: &mut Html) {
        self.as_str().put(page);
    }
}

impl<T: Piece + ?Sized> Piece for &T {
    fn put(&self, page: &mut Html) {
        (**self).put(page);
    }
}

impl<T: Piece> Piece for Option<T> {
    fn put(&self, page: &mut Html) {
        if let Some(piece) = self {
            piece.put(page);
        }
    }
}

macro_rules! numbers {
    ($($number:ty)*) => { $(impl Piece for $number {
        fn put(&self, page: &mut Html) {
            page.put_number(self);
        }
    })* };
}

numbers!(u32 u64 i64 usize);

/// Markup from a template, with `{}` for each piece.
macro_rules! html {
    ($template:literal $(, $piece:expr)* $(,)?) => {
        $crate::report::markup::Html::fill($template, &[$(&$piece),*])
    };
}
pub(crate) use html;

#[cfg(test)]
mod tests {
    use super::*;

    // Reliability: What people see.
    #[test]
    fn what_is_put_into_a_page_is_escaped_by_itself() {
        let name = "<b title=\"x\">\u{202e}".to_owned();
        let row = html!("<td title=\"{}\">{}", name, html!("<i>{}</i>", &name));
        let escaped = "&lt;b title=&quot;x&quot;&gt;&lt;U+202E&gt;";
        assert_eq!(row.into_text(), format!("<td title=\"{escaped}\"><i>{escaped}</i>"));
        // What a template could take from the scope around it stays text.
        assert_eq!(html!("{1}{0}{1}{}", 1_u32, "a", 3_u32).into_text(), "a1a3");
        assert_eq!([html!("<br>"), html!("{}", None::<String>)].into_iter().collect::<Html>().into_text(), "<br>");
    }
}
