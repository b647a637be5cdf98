//! Answering searches: whom they find, page by page, and which attributes they show.

use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapOp, LdapPartialAttribute, LdapResultCode, LdapSearchRequest, LdapSearchResultEntry, LdapSearchResultReference, LdapSearchScope,
};

use super::filter::{self, guid_text, is_secret, sid_text};
use super::tree::{Entry, Key, key};
use super::{Directory, Flavour, Refusal, Session, State, ad, openldap};

/// What a search yields: its messages before the last, the last one's code, and the control that goes with it.
pub struct Answer {
    /// Entries and references.
    pub found: Vec<LdapOp>,
    /// Success, or why there is no more.
    pub end: Refusal,
    /// The paging control of the answer.
    pub control: Option<LdapControl>,
}

/// Searches; a refusal where nothing at all is answered.
pub fn search(
    directory: &Directory,
    state: &State,
    session: &mut Session,
    request: &LdapSearchRequest,
    controls: &[LdapControl],
) -> Result<Answer, Refusal> {
    let show = |entry: &Entry| LdapOp::SearchResultEntry(shown(directory, entry, request));
    let success = Refusal::new(LdapResultCode::Success, "");
    if request.base.is_empty() && request.scope == LdapSearchScope::Base {
        let root = match directory.flavour {
            Flavour::ActiveDirectory => ad::root(directory, state),
            Flavour::OpenLdap => openldap::root(directory),
        };
        let found = match filter::matches(&state.tree, &root, &request.filter) {
            Some(true) => vec![show(&root)],
            _ => Vec::new(),
        };
        return Ok(Answer { found, end: success, control: None });
    }
    if session.bound.is_none() {
        return Err(match directory.flavour {
            Flavour::ActiveDirectory => Refusal::new(
                LdapResultCode::OperationsError,
                "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563",
            ),
            Flavour::OpenLdap => Refusal::new(LdapResultCode::NoSuchObject, ""),
        });
    }
    let paging = controls.iter().find_map(|c| match c {
        LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie.as_slice())),
        _ => None,
    });
    let base = find_base(directory, state, &request.base)?;
    let references = references(directory, &base, request, controls);
    let wanted = usize::try_from(request.sizelimit).unwrap_or(0);

    let Some((size, cookie)) = paging else {
        let keys = found(state, &base, request);
        let hard = directory.limits.unpaged;
        let limit = if wanted == 0 { hard } else { wanted.min(hard) };
        let end = if keys.len() > limit { Refusal::new(LdapResultCode::SizeLimitExceeded, "") } else { success };
        let mut out: Vec<_> = keys.iter().take(limit).filter_map(|k| state.tree.get(k)).map(show).collect();
        out.extend(references);
        return Ok(Answer { found: out, end, control: None });
    };

    let size = usize::try_from(size).unwrap_or(0);
    let size = match directory.flavour {
        Flavour::ActiveDirectory => size.min(directory.limits.page),
        Flavour::OpenLdap if size > directory.limits.page => {
            return Err(Refusal::new(LdapResultCode::AdminLimitExceeded, "illegal pagedResults page size"));
        }
        Flavour::OpenLdap => size,
    };
    let first = cookie.is_empty();
    let mut rest = if first {
        found(state, &base, request)
    } else {
        session.take_pages(cookie).ok_or_else(|| match directory.flavour {
            Flavour::ActiveDirectory => Refusal::new(
                LdapResultCode::UnwillingToPerform,
                "00002040: SvcErr: DSID-031401E7, problem 5010 (UNAVAIL_EXTENSION), data 0",
            ),
            Flavour::OpenLdap => Refusal::new(LdapResultCode::ProtocolError, "paged results cookie is invalid"),
        })?
    };
    let total = rest.len();
    let left = rest.split_off(size.min(total));
    let mut out: Vec<_> = rest.iter().filter_map(|k| state.tree.get(k)).map(show).collect();
    // A size of nought gives the search up.
    let cookie = if left.is_empty() || size == 0 {
        out.extend(references);
        Vec::new()
    } else {
        session.keep_pages(left)
    };
    Ok(Answer {
        found: out,
        end: success,
        control: Some(LdapControl::SimplePagedResults {
            // The estimate of all there is: Active Directory gives none.
            size: match directory.flavour {
                Flavour::ActiveDirectory => 0,
                Flavour::OpenLdap => i64::try_from(total).unwrap_or(0),
            },
            cookie,
        }),
    })
}

/// The names of all that the search finds.
fn found(state: &State, base: &Key, request: &LdapSearchRequest) -> Vec<Key> {
    state
        .tree
        .below(base)
        .filter(|(key, _)| match request.scope {
            LdapSearchScope::Base => key.len() == base.len(),
            LdapSearchScope::OneLevel => key.len() == base.len() + 1,
            LdapSearchScope::Subtree => true,
            LdapSearchScope::Children => key.len() > base.len(),
        })
        .filter(|(_, entry)| filter::matches(&state.tree, entry, &request.filter) == Some(true))
        .map(|(key, _)| key.clone())
        .collect()
}

/// The key of a search's base, or why there is none.
fn find_base(directory: &Directory, state: &State, base: &str) -> Result<Key, Refusal> {
    if directory.flavour == Flavour::ActiveDirectory
        && let Some(inner) = base.strip_prefix('<').and_then(|b| b.strip_suffix('>'))
    {
        return by_identifier(state, inner).ok_or_else(|| missing(directory));
    }
    let key = key(base).ok_or_else(|| Refusal::new(LdapResultCode::InvalidDNSyntax, "invalid DN"))?;
    match state.tree.get(&key) {
        Some(_) => Ok(key),
        None => Err(missing(directory)),
    }
}

/// Finds an entry by `GUID=…` or `SID=…`, in hexadecimal or as text.
fn by_identifier(state: &State, inner: &str) -> Option<Key> {
    let (kind, value) = inner.split_once('=')?;
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let same = |attribute: &str, text: fn(&[u8]) -> Option<String>, entry: &Entry| {
        entry.values(attribute).iter().any(|v| hex(v).eq_ignore_ascii_case(value) || text(v).is_some_and(|t| t.eq_ignore_ascii_case(value)))
    };
    state
        .tree
        .iter()
        .find(|(_, entry)| match kind.to_ascii_uppercase().as_str() {
            "GUID" => same("objectGUID", guid_text, entry),
            "SID" => same("objectSid", sid_text, entry),
            _ => false,
        })
        .map(|(key, _)| key.clone())
}

/// No such entry, in the server's words.
pub fn missing(directory: &Directory) -> Refusal {
    match directory.flavour {
        Flavour::ActiveDirectory => Refusal {
            code: LdapResultCode::NoSuchObject,
            message: format!(
                "0000208D: NameErr: DSID-0310028C, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'{}'\n",
                directory.base
            ),
        },
        Flavour::OpenLdap => Refusal::new(LdapResultCode::NoSuchObject, ""),
    }
}

/// A search below Active Directory's root points to its other partitions, which nobody needs to follow.
fn references(directory: &Directory, base: &Key, request: &LdapSearchRequest, controls: &[LdapControl]) -> Vec<LdapOp> {
    let domain_scope = controls.iter().any(|c| matches!(c, LdapControl::Unknown { oid, .. } if oid == "1.2.840.113556.1.4.1339"));
    if directory.flavour != Flavour::ActiveDirectory
        || domain_scope
        || request.scope != LdapSearchScope::Subtree
        || key(&directory.base).as_ref() != Some(base)
    {
        return Vec::new();
    }
    let dns = ad::dns(&directory.base);
    ["DC=ForestDnsZones", "DC=DomainDnsZones", "CN=Configuration"]
        .iter()
        .map(|partition| {
            let host = partition.strip_prefix("DC=").map_or_else(|| dns.clone(), |zone| format!("{zone}.{dns}"));
            LdapOp::SearchResultReference(LdapSearchResultReference { uris: vec![format!("ldap://{host}/{partition},{}", directory.base)] })
        })
        .collect()
}

/// The entry with the attributes that were asked for.
fn shown(directory: &Directory, entry: &Entry, request: &LdapSearchRequest) -> LdapSearchResultEntry {
    let asked: Vec<Asked> = request.attrs.iter().map(|a| Asked::parse(a)).collect();
    let all = request.attrs.is_empty() || request.attrs.iter().any(|a| a == "*");
    let operational = request.attrs.iter().any(|a| a == "+");
    let mut attributes = Vec::new();
    for attribute in entry.attributes().filter(|a| !is_secret(&a.name)) {
        let by_name: Vec<&Asked> = asked
            .iter()
            .filter(|a| a.name.eq_ignore_ascii_case(&attribute.name))
            .filter(|a| !(a.optioned && directory.flavour == Flavour::OpenLdap))
            .collect();
        let hidden = directory.flavour == Flavour::OpenLdap && openldap::is_operational(&attribute.name);
        let by_star = if hidden { operational } else { all };
        if by_name.is_empty() && !by_star {
            continue;
        }
        let ranged = by_name.iter().find_map(|a| a.range);
        attributes.extend(ranges(directory, &attribute.name, &attribute.values, ranged));
    }
    if request.typesonly {
        for attribute in &mut attributes {
            attribute.vals.clear();
        }
    }
    LdapSearchResultEntry { dn: entry.dn.clone(), attributes }
}

/// An attribute as Active Directory gives it: never more values at once than its limit, the rest by range.
fn ranges(directory: &Directory, name: &str, values: &[Vec<u8>], asked: Option<(usize, Option<usize>)>) -> Vec<LdapPartialAttribute> {
    let most = directory.limits.values;
    let plain = |vals: Vec<Vec<u8>>| LdapPartialAttribute { atype: name.to_owned(), vals };
    if asked.is_none() && values.len() <= most {
        return vec![plain(values.to_vec())];
    }
    let (from, to) = asked.unwrap_or((0, None));
    if from >= values.len() {
        return vec![plain(Vec::new())];
    }
    let last = values.len() - 1;
    let end = to.unwrap_or(last).min(last).min(from.saturating_add(most - 1));
    if end < from {
        return vec![plain(Vec::new())];
    }
    let end_text = if end == last { "*".to_owned() } else { end.to_string() };
    let part = LdapPartialAttribute { atype: format!("{name};range={from}-{end_text}"), vals: values[from..=end].to_vec() };
    if asked.is_none() { vec![plain(Vec::new()), part] } else { vec![part] }
}

/// One attribute as a request names it.
struct Asked<'a> {
    name: &'a str,
    /// Carries options, none of which slapd knows.
    optioned: bool,
    range: Option<(usize, Option<usize>)>,
}

impl<'a> Asked<'a> {
    fn parse(text: &'a str) -> Asked<'a> {
        let (name, options) = text.split_once(';').unwrap_or((text, ""));
        let range = options.to_ascii_lowercase().strip_prefix("range=").and_then(|r| {
            let (from, to) = r.split_once('-')?;
            let to = if to == "*" { None } else { Some(to.parse().ok()?) };
            Some((from.parse().ok()?, to))
        });
        Asked { name, optioned: !options.is_empty(), range }
    }
}
