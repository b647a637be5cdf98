//! Lists that come in pages. A list ends where the vendor says it ends; everything else that stops it is a gap.

use std::collections::HashSet;
use std::ops::ControlFlow;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::http::Http;
use super::{Body, CallError, Checkpoint, Class, Ended, HttpCall, Lane, Page, Reply, class};
use crate::manifest::express::{Expr, Scope};
use crate::manifest::raw::{Classes, Hand, Paging};
use crate::manifest::template::{Place, percent_encode, render};

/// The cap where the manifest says none.
const MOST_PAGES: u64 = 10_000;
/// Records in a SCIM page where the manifest says none.
const SCIM_SIZE: u64 = 100;

/// Where a page begins.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
enum Mark {
    First,
    /// An address from a link.
    Url(String),
    /// A token.
    Token(String),
    /// A page or record number, and how many records came before.
    At(u64, u64),
}

/// A checkpoint as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    pages: u32,
    next: Mark,
    /// How many a SCIM list was said to hold, as far as it was read.
    #[serde(default)]
    total: Option<u64>,
}

/// What the pages of a SCIM list have shown so far.
#[derive(Default)]
struct Counted {
    /// The ids of the records that came.
    ids: HashSet<String>,
    /// The largest total that was more than its page: how many the list was said to hold.
    total: Option<u64>,
}

impl Checkpoint {
    /// Where a list goes on at an address that the system named: read as any next page, so only on the list's own origin.
    pub fn at(address: String) -> Option<Self> {
        serde_json::to_string(&Stored { pages: 0, next: Mark::Url(address), total: None }).ok().map(Self)
    }
}

/// Why reading ended before the end.
struct Broken(String, Option<Class>);

impl From<String> for Broken {
    fn from(reason: String) -> Self {
        Self(reason, None)
    }
}

#[allow(clippy::too_many_arguments)]
pub(super) async fn read(
    http: &Http,
    settings: &Value,
    hand: Hand,
    lane: Lane,
    call: &HttpCall,
    classes: &Classes,
    paging: Option<&Paging>,
    from: Option<Checkpoint>,
    take: &mut (dyn FnMut(Page) -> ControlFlow<()> + Send),
) -> Ended {
    let none = Paging::default();
    let pager = Pager { http, settings, call, paging: paging.unwrap_or(&none) };
    // A checkpoint that can't be read was written by another version: begin at the beginning.
    let stored = from.and_then(|checkpoint| serde_json::from_str::<Stored>(&checkpoint.0).ok());
    let (mut pages, mut mark, total) = stored.map_or((0, Mark::First, None), |stored| (stored.pages, stored.next, stored.total));
    let mut seen = HashSet::new();
    let mut counted = Counted { total, ..Counted::default() };
    let mut last_digest = String::new();
    let most = pager.paging.max_pages.unwrap_or(MOST_PAGES);
    let gap = |Broken(reason, class): Broken, pages: u32| Ended::Gap { reason: http.redact(&reason), class, pages };
    loop {
        if u64::from(pages) >= most {
            return gap(format!("more than {most} pages: the cap (max_pages) was reached").into(), pages);
        }
        let number = pages + 1;
        let request = match pager.request(&mark) {
            Ok(request) => request,
            Err(error) => return gap(error.into(), pages),
        };
        let reply = match http.send(hand, lane, &request, classes).await {
            Ok(reply) => reply,
            Err(error) => return gap(failed(number, &error), pages),
        };
        match reply.class {
            Class::Fine => {}
            Class::Gone if number == 1 => return Ended::Absent,
            class => return gap(Broken(format!("page {number}: {} {}", class.word(), reply.says()), Some(class)), pages),
        }
        seen.insert(mark.clone());
        let records = count(&reply.body);
        let same = reply.digest == last_digest && records > 0 && matches!(mark, Mark::At(..));
        let next = if same {
            Err(format!("page {number} is page {pages} again: the system ignores the page number"))
        } else {
            pager.after(&mark, &request, &reply, records, &mut counted)
        };
        let next = match next {
            Ok(Some(next)) if seen.contains(&next) => Err(format!("page {number} names a page that was read before: a loop")),
            other => other,
        };
        last_digest.clone_from(&reply.digest);
        pages = number;
        let checkpoint = next.as_ref().ok().and_then(Option::as_ref).and_then(|next| {
            let stored = Stored { pages, next: next.clone(), total: counted.total };
            serde_json::to_string(&stored).ok().map(Checkpoint)
        });
        let page = Page { body: reply.body, headers: reply.headers, status: reply.status, number, checkpoint };
        if take(page).is_break() {
            return Ended::Stopped;
        }
        match next {
            Ok(Some(next)) => mark = next,
            Ok(None) => return Ended::Complete { pages },
            Err(reason) => return gap(reason.into(), pages),
        }
    }
}

fn failed(number: u32, error: &CallError) -> Broken {
    Broken(format!("page {number}: {error}"), None)
}

struct Pager<'a> {
    http: &'a Http,
    settings: &'a Value,
    call: &'a HttpCall,
    paging: &'a Paging,
}

impl Pager<'_> {
    /// The request for the page at a mark.
    fn request(&self, mark: &Mark) -> Result<HttpCall, String> {
        let paging = self.paging;
        let mut call = self.call.clone();
        let at = |first: u64| if let Mark::At(at, _) = mark { *at } else { paging.start.unwrap_or(first) };
        match mark {
            Mark::Url(url) => {
                // Checked when it came, and again now that it may come from a checkpoint.
                let page = self.http.absolute(&self.call.url).map_err(|error| error.to_string())?;
                call.url = self.http.follow(&page, url)?.into();
                return Ok(call);
            }
            Mark::Token(token) => {
                if let Some(template) = &paging.continue_at {
                    let value = json!(token);
                    let scope = Scope::new().with("settings", self.settings).with("token", &value);
                    let route = render(template, Place::Url, &scope)?;
                    let (method, url) = route.split_once(' ').ok_or("continue_at must be METHOD and path")?;
                    (call.method, call.url) = (method.to_owned(), url.trim().to_owned());
                    call.body = match &call.body {
                        Some(Body::Form(_)) => Some(Body::Form(Vec::new())),
                        _ if call.method == "GET" => None,
                        _ => Some(Body::Json(json!({}))),
                    };
                }
                if let Some(into) = &paging.into {
                    put(&mut call, into, token);
                }
            }
            Mark::First | Mark::At(..) => {}
        }
        let size = paging.size.map(|size| size.to_string());
        if let (Some(name), Some(size), true) = (&paging.size_into, &size, paging.page.is_some() || paging.offset.is_some()) {
            put(&mut call, name, size);
        }
        if let Some(name) = &paging.page {
            put(&mut call, name, &at(1).to_string());
        } else if let Some(name) = &paging.offset {
            put(&mut call, name, &at(0).to_string());
        } else if paging.scim {
            put(&mut call, "startIndex", &at(1).to_string());
            put(&mut call, "count", &paging.size.unwrap_or(SCIM_SIZE).to_string());
        }
        Ok(call)
    }

    /// Where the next page begins; none after the last. `counted` is what the pages of a SCIM list before showed.
    fn after(&self, mark: &Mark, request: &HttpCall, reply: &Reply, records: u64, counted: &mut Counted) -> Result<Option<Mark>, String> {
        let paging = self.paging;
        let scope = class::scope(reply.status, &reply.headers, &reply.body, self.settings);
        let eval = |source: &String| Expr::compile(source).and_then(|expr| expr.eval(&scope));
        let page = || self.http.absolute(&request.url).map_err(|error| error.to_string());
        let (at, before) = if let Mark::At(at, before) = mark { (Some(*at), *before) } else { (None, 0) };
        if let Some(relation) = &paging.link {
            let header = reply.headers.get("link").and_then(Value::as_str).unwrap_or_default();
            // A link is resolved against its page, not against our base.
            return match link(header, relation) {
                Some(next) => self.link_mark(&page()?, &next).map(Some),
                None if speaks_of(header, relation) => {
                    Err("the Link header names a next page without an address that can be read".to_owned())
                }
                None => Ok(None),
            };
        }
        if let Some(source) = &paging.next {
            return match eval(source)? {
                Value::Null | Value::Bool(false) => Ok(None),
                Value::String(next) if next.is_empty() => Ok(None),
                Value::String(next) => Ok(Some(Mark::Url(self.http.follow(&page()?, &next)?.into()))),
                other => Err(format!("the next page's address is no text but {other}")),
            };
        }
        // Null: the reply does not say.
        let last = match &paging.last {
            Some(source) if !eval(source)?.is_null() => Some(Expr::compile(source)?.truth(&scope)?),
            _ => None,
        };
        if let Some(source) = &paging.cursor {
            return Ok(match eval(source)? {
                _ if last == Some(true) => None,
                Value::Null | Value::Bool(_) => None,
                Value::String(token) if token.is_empty() => None,
                Value::String(token) => Some(Mark::Token(token)),
                other => Some(Mark::Token(other.to_string())),
            });
        }
        if paging.scim {
            return scim(&reply.body, at.or(paging.start).unwrap_or(1), before, counted);
        }
        // A short page is no end: a server may give fewer than were asked for. An empty page is one, unless the system says that there is more.
        let numbered = |first: u64, step: u64| match last {
            Some(true) => Ok(None),
            None if records == 0 => Ok(None),
            Some(false) if records == 0 => Err("the page is empty, and the system says that it is not the last".to_owned()),
            _ => Ok(Some(Mark::At(at.or(paging.start).unwrap_or(first) + step, before + records))),
        };
        if paging.page.is_some() {
            return numbered(1, 1);
        }
        if paging.offset.is_some() {
            return numbered(0, paging.size.map_or(records, |size| size.min(records)));
        }
        Ok(None)
    }

    fn link_mark(&self, page: &Url, next: &str) -> Result<Mark, String> {
        let joined = page.join(next).map_err(|_| "the Link header holds no address".to_owned())?;
        Ok(Mark::Url(self.http.follow(page, joined.as_str())?.into()))
    }
}

/// SCIM says how many there are: fewer distinct ids than that is a gap.
///
/// Some servers say how many are on this page instead. A total that is no more than the page itself is therefore asked once more: the list ends
/// when nothing follows it. A list that loses a record while it is read moves up, and one that nobody has read may move onto a page that was read
/// already: the largest total counts, not the last one. Where no total can be read (RFC 7644, 3.4.2, requires it), the list is read on for what it
/// shows, and is a gap.
fn scim(body: &Value, at: u64, before: u64, counted: &mut Counted) -> Result<Option<Mark>, String> {
    let resources = body.get("Resources").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let came = resources.len() as u64;
    let fresh = resources
        .iter()
        .filter(|record| match record.get("id") {
            Some(id) => counted.ids.insert(crate::manifest::express::plain(id)),
            // Without an id there is nothing to compare.
            None => true,
        })
        .count() as u64;
    let told = body.get("totalResults");
    let total = told.and_then(Value::as_u64);
    let so_far = before + fresh;
    if came > 0 && fresh == 0 {
        let total = total.map(|total| format!("; totalResults says {total}, and {so_far} different ones came")).unwrap_or_default();
        return Err(format!("the page at startIndex {at} holds only records that came before{total}"));
    }
    let next = Some(Mark::At(at + came, so_far));
    let Some(total) = total else {
        let told = told.filter(|told| !told.is_null()).map_or_else(|| "is missing".to_owned(), |told| format!("is no number but {told}"));
        return if came > 0 { Ok(next) } else { Err(format!("totalResults {told}, so whether all of them came can't be told")) };
    };
    if total > came {
        counted.total = counted.total.max(Some(total));
    }
    let most = counted.total.map_or(total, |most| most.max(total));
    match () {
        () if came > 0 && (so_far < most || total <= came) => Ok(next),
        () if so_far >= most => Ok(None),
        () if most > total => Err(format!(
            "totalResults said {most}, and now says {total}: the list became shorter while it was read, and only {so_far} came"
        )),
        () => Err(format!("totalResults says {total}, but only {so_far} different ones came")),
    }
}

/// How many records a page holds: the longest list that is not within a record.
fn count(body: &Value) -> u64 {
    fn longest(value: &Value, depth: u32) -> u64 {
        match value {
            Value::Array(items) => items.len() as u64,
            Value::Object(map) if depth < 4 => map.values().map(|inner| longest(inner, depth + 1)).max().unwrap_or(0),
            _ => 0,
        }
    }
    longest(body, 0)
}

/// Puts a parameter where the call carries its parameters: in the query where it stands there already, in the query of a GET, else in the form or
/// the body, if there is one.
fn put(call: &mut HttpCall, name: &str, value: &str) {
    let get = call.method.eq_ignore_ascii_case("GET");
    let query = call.url.split_once('?').map_or("", |(_, query)| query);
    if query.split('&').any(|pair| is_named(pair, name)) {
        call.url = with_query(&call.url, name, value);
        return;
    }
    match &mut call.body {
        Some(Body::Form(pairs)) if !get => {
            pairs.retain(|(known, _)| known != name);
            pairs.push((name.to_owned(), value.to_owned()));
        }
        Some(Body::Json(body)) if !get && body.is_object() => {
            // `variables.after` goes into `variables`, as GraphQL wants it.
            let mut place = body;
            for part in name.split('.') {
                if !place.is_object() {
                    *place = json!({});
                }
                place = &mut place[part];
            }
            *place =
                if place.is_number() { value.parse::<u64>().map_or_else(|_| json!(value), |number| json!(number)) } else { json!(value) };
        }
        _ => call.url = with_query(&call.url, name, value),
    }
}

/// Whether a pair of a query is this parameter, its name encoded or not.
fn is_named(pair: &str, name: &str) -> bool {
    let mut encoded = String::new();
    percent_encode(name, &mut encoded);
    let key = pair.split('=').next().unwrap_or_default();
    key == name || key == encoded
}

/// The address with one query parameter set; the others stay as they are.
fn with_query(url: &str, name: &str, value: &str) -> String {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty() && !is_named(pair, name)).map(str::to_owned).collect();
    let mut encoded = String::new();
    percent_encode(name, &mut encoded);
    let mut pair = if name.chars().all(|c| c.is_ascii_alphanumeric() || "-._~$".contains(c)) { name.to_owned() } else { encoded };
    pair.push('=');
    percent_encode(value, &mut pair);
    pairs.push(pair);
    format!("{path}?{}", pairs.join("&"))
}

/// Whether a `Link` header names a relation, whatever else it is.
fn speaks_of(header: &str, relation: &str) -> bool {
    let (plain, relation) = (header.to_lowercase().replace(char::is_whitespace, ""), relation.to_lowercase());
    let bare = format!("rel={relation}");
    let ends = |at: usize| !plain[at..].starts_with(|c: char| c.is_ascii_alphanumeric() || "-_".contains(c));
    plain.contains(&format!("rel=\"{relation}\"")) || plain.match_indices(&bare).any(|(at, _)| ends(at + bare.len()))
}

/// The address with a relation in a `Link` header.
fn link(header: &str, relation: &str) -> Option<String> {
    let mut rest = header;
    while let Some((_, after)) = rest.split_once('<') {
        let (address, parameters) = after.split_once('>')?;
        let end = parameters.find(",<").or_else(|| parameters.find(", <")).unwrap_or(parameters.len());
        let has = parameters[..end].split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let value = value.trim().trim_end_matches(',').trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && value.split_whitespace().any(|word| word.eq_ignore_ascii_case(relation))
        });
        if has {
            return Some(address.trim().to_owned());
        }
        rest = &parameters[end..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a SCIM list of which each page is (total, ids); at which startIndex pages were asked for, and how it ended.
    fn scim_list(page: impl Fn(u64) -> (Option<u64>, Vec<String>)) -> (Vec<u64>, Result<(), String>) {
        let (mut counted, mut asked) = (Counted::default(), Vec::new());
        let (mut at, mut before) = (1, 0);
        loop {
            asked.push(at);
            assert!(asked.len() < 50, "it never ends");
            let (total, names) = page(at);
            let mut body = json!({ "Resources": names.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>() });
            if let Some(total) = total {
                body["totalResults"] = json!(total);
            }
            match scim(&body, at, before, &mut counted) {
                Ok(Some(Mark::At(next, so_far))) => (at, before) = (next, so_far),
                Ok(Some(mark)) => return (asked, Err(format!("{mark:?}"))),
                Ok(None) => return (asked, Ok(())),
                Err(reason) => return (asked, Err(reason)),
            }
        }
    }

    /// The ids of a page that begins at a place (from 0) and holds at most three, of a list of so many.
    fn three(of: u64, from: u64) -> Vec<String> {
        (from..of.min(from + 3)).map(|number| format!("u{number}")).collect()
    }

    // Trust: What was read.
    #[test]
    fn a_scim_list_is_counted_by_its_ids() {
        assert_eq!(scim_list(|at| (Some(8), three(8, at - 1))), (vec![1, 4, 7], Ok(())));
        assert_eq!(scim_list(|_| (Some(0), vec![])), (vec![1], Ok(())));
        let (asked, ended) = scim_list(|at| (None, three(5, at - 1)));
        assert_eq!(asked, [1, 4, 6], "what it shows is read");
        assert_eq!(ended, Err("totalResults is missing, so whether all of them came can't be told".to_owned()));
        // A record was deleted after the first page, so that the fourth became the third.
        let (asked, ended) = scim_list(|at| if at == 1 { (Some(4), three(4, 0)) } else { (Some(3), vec![]) });
        assert_eq!(asked, [1, 4]);
        assert!(matches!(&ended, Err(reason) if reason.contains("became shorter while it was read")), "{ended:?}");
        // A total that is this page's own number is asked once more, also on a list of one page.
        assert_eq!(scim_list(|at| (Some(three(8, at - 1).len() as u64), three(8, at - 1))), (vec![1, 4, 7, 9], Ok(())));
        assert_eq!(scim_list(|at| (Some(2), three(2, at - 1))), (vec![1, 3], Ok(())));
        // Pages that move by one record where they should move by three.
        let (asked, ended) = scim_list(|at| (Some(8), three(4, (at - 1) / 3)));
        assert_eq!(asked, [1, 4, 7]);
        let says = "the page at startIndex 7 holds only records that came before; totalResults says 8, and 4 different ones came";
        assert_eq!(ended, Err(says.to_owned()));
        let (_, ended) = scim_list(|at| (Some(8), three(6, at - 1)));
        assert_eq!(ended, Err("totalResults says 8, but only 6 different ones came".to_owned()));
        // The number of the page is passed over.
        let (asked, ended) = scim_list(|_| (Some(8), three(8, 0)));
        assert!(ended.is_err() && asked == [1, 4]);
        let (_, ended) = scim_list(|_| (Some(3), three(8, 0)));
        assert!(ended.is_err(), "three came, and the system shows nothing else: whether there is more can't be told");
    }

    #[test]
    fn link_headers() {
        let header = r#"<https://h/users?limit=2>; rel="self", <https://h/users?after=a,b&limit=2>; title="x"; rel="next last""#;
        assert_eq!(link(header, "next").as_deref(), Some("https://h/users?after=a,b&limit=2"));
        assert_eq!(link(header, "self").as_deref(), Some("https://h/users?limit=2"));
        assert_eq!(link(header, "prev"), None);
        assert_eq!(link("", "next"), None);
    }

    #[test]
    fn parameters_go_where_the_call_carries_them() {
        let call = |method: &str, body| HttpCall { method: method.into(), url: "/a?x=1&c=old".into(), body, ..HttpCall::default() };
        let mut get = call("GET", None);
        put(&mut get, "c", "a/b=");
        assert_eq!(get.url, "/a?x=1&c=a%2Fb%3D");
        let mut post = call("POST", Some(Body::Json(json!({"variables": {"n": 1}}))));
        put(&mut post, "variables.after", "t");
        assert!(matches!(&post.body, Some(Body::Json(body)) if *body == json!({"variables": {"n": 1, "after": "t"}})));
        let mut in_query = call("POST", Some(Body::Json(json!({"q": "SELECT id"}))));
        put(&mut in_query, "c", "t");
        assert_eq!(in_query.url, "/a?x=1&c=t", "where the call names it already");
        assert!(matches!(&in_query.body, Some(Body::Json(body)) if *body == json!({"q": "SELECT id"})));
        let mut form = call("POST", Some(Body::Form(vec![("d".into(), "old".into())])));
        put(&mut form, "d", "t");
        assert!(matches!(&form.body, Some(Body::Form(pairs)) if *pairs == [("d".to_owned(), "t".to_owned())]));
        assert_eq!(with_query("/a?%24top=5", "$top", "6"), "/a?$top=6");
    }

    #[test]
    fn records_are_counted_wherever_the_list_is() {
        assert_eq!(count(&json!([1, 2])), 2);
        assert_eq!(count(&json!({"total": 9, "data": {"items": [{"tags": [1, 2, 3]}]}})), 1);
        assert_eq!(count(&json!({"ok": true})), 0);
    }
}
