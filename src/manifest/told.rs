//! Runs the examples of a manifest's `tell`, offline: what leaves, and what the replies come to.

use serde_json::{Map, Value, json};

use super::express::{Expr, Scope};
use super::raw;
use super::template::{Place, fill, render};

/// Runs one example of a part of `tell`; what doesn't hold.
pub(super) fn run(manifest: &raw::Manifest, part: &str, example: &raw::Example, scope: &Scope<'_>, reply: &Scope<'_>) -> Vec<String> {
    let tell = manifest.tell.as_ref();
    let ticket = tell.and_then(|tell| tell.ticket.as_ref());
    let notice = tell.and_then(|tell| tell.notice.as_ref());
    let reply = reply.clone().with("body", &example.reply);
    let outcome = match (part, ticket, notice) {
        ("ticket.find", Some(ticket), _) => of_find(&ticket.find, scope, &reply),
        ("notice.find", _, Some(raw::Notice { find: Some(find), .. })) => of_find(find, scope, &reply),
        ("ticket.open", Some(raw::Ticket { open, .. }), _) => {
            sent(scope, &open.call, open.body.as_ref(), open.form.as_ref(), &open.headers)
                .and_then(|sent| Ok((sent, said(&reply, &[("id", Some(&open.id)), ("url", open.url.as_ref())])?)))
        }
        ("ticket.look", Some(raw::Ticket { look, .. }), _) => of_look(look, scope, &reply),
        ("notice", _, Some(notice)) => of_notice(notice, scope).map(|sent| (sent, Map::new())),
        _ => Err(format!("there is no {part} in tell")),
    };
    let (sent, said) = match outcome {
        Ok(outcome) => outcome,
        Err(problem) => return vec![format!("{part}: {problem}")],
    };
    let mut wrong = Vec::new();
    for (what, came, wanted) in [("sends", &sent, &example.sends), ("says", &said, &example.says)] {
        for (name, value) in wanted.iter().flatten() {
            let here = came.get(name).unwrap_or(&Value::Null);
            if here != value {
                wrong.push(format!("{part} {what} {name}: expected {value}, came {here}"));
            }
        }
    }
    wrong
}

type Outcome = Result<(Map<String, Value>, Map<String, Value>), String>;

fn of_find(find: &raw::Find, scope: &Scope<'_>, reply: &Scope<'_>) -> Outcome {
    let sent = sent(scope, &find.call, find.body.as_ref(), find.form.as_ref(), [])?;
    Ok((sent, said(reply, &[("id", Some(&find.id)), ("url", find.url.as_ref())])?))
}

fn of_look(look: &raw::Look, scope: &Scope<'_>, reply: &Scope<'_>) -> Outcome {
    let sent = sent(scope, &look.call, None, None, [])?;
    let mut said = said(reply, &[("by", look.by.as_ref())])?;
    said.insert("done".into(), json!(Expr::compile(&look.done)?.truth(reply)?));
    if let Some(files) = look.files.as_ref().filter(|files| files.call.is_none()) {
        let each = Expr::compile(&files.each)?.eval(reply)?;
        let name = Expr::compile(&files.name)?;
        let names = each.as_array().into_iter().flatten().map(|file| name.eval(&scope.clone().with("file", file)));
        said.insert("files".into(), Value::Array(names.collect::<Result<_, _>>()?));
    }
    Ok((sent, said))
}

fn of_notice(notice: &raw::Notice, scope: &Scope<'_>) -> Result<Map<String, Value>, String> {
    if let Some(mail) = &notice.mail {
        let parts = [("from", &mail.from), ("to", &mail.to), ("subject", &mail.subject), ("text", &mail.text)];
        let parts = parts.into_iter().map(|(name, source)| Ok((name.to_owned(), json!(render(source, Place::Text, scope)?))));
        return Ok(Map::from_iter([("mail".to_owned(), Value::Object(parts.collect::<Result<_, String>>()?))]));
    }
    let call = notice.call.as_deref().unwrap_or_default();
    sent(scope, call, notice.body.as_ref(), notice.form.as_ref(), &notice.headers)
}

/// A call as it would leave.
fn sent<'h>(
    scope: &Scope<'_>,
    call: &str,
    body: Option<&Value>,
    form: Option<&Value>,
    headers: impl IntoIterator<Item = (&'h String, &'h String)>,
) -> Result<Map<String, Value>, String> {
    let (method, path) = call.split_once(' ').unwrap_or((call, ""));
    let mut map = Map::new();
    map.insert("call".into(), json!(format!("{method} {}", render(path.trim(), Place::Url, scope)?)));
    for (name, value) in [("body", body), ("form", form)] {
        if let Some(value) = value {
            map.insert(name.into(), fill(value, scope)?);
        }
    }
    let headers = headers.into_iter().map(|(name, value)| Ok((name.clone(), json!(render(value, Place::Header, scope)?))));
    map.insert("headers".into(), Value::Object(headers.collect::<Result<_, String>>()?));
    Ok(map)
}

fn said(reply: &Scope<'_>, expressions: &[(&str, Option<&String>)]) -> Result<Map<String, Value>, String> {
    let given = expressions.iter().filter_map(|(name, source)| Some((*name, (*source)?)));
    given.map(|(name, source)| Ok((name.to_owned(), Expr::compile(source)?.eval(reply)?))).collect()
}
