//! What comes in: bodies, queries and ids of an address, each refused at its field and never in a library's own words.

use crate::problem::{Error, Kind};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use db::Id;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};
use utoipa::IntoParams;
use web::multipart;
use zeroize::Zeroizing;

/// A product with all its texts in both languages fits.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A JSON body.
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Json<T>, Error> {
        let JsonSaid { read, .. } = JsonSaid::from_request(request, state).await?;
        Ok(Json(read))
    }
}

/// A JSON body, with the bytes that it was read from.
pub struct JsonSaid<T> {
    pub said: Zeroizing<Vec<u8>>,
    pub read: T,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonSaid<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<JsonSaid<T>, Error> {
        let kind = kind_of(request.headers());
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            return Err(Error::new(Kind::MediaType));
        }
        // What comes packed is not unpacked: a few bytes may become many.
        if request.headers().get(header::CONTENT_ENCODING).is_some_and(|how| how != "identity") {
            return Err(Error::new(Kind::MediaType).with("accept-encoding", "identity"));
        }
        let bytes = axum::body::to_bytes(request.into_body(), BODY_BYTES_MAX).await;
        let said = Zeroizing::new(Vec::from(bytes.map_err(|_| Error::new(Kind::TooLarge))?));
        let read = read_json(&said, "")?;
        Ok(JsonSaid { said, read })
    }
}

/// A form with files. One that does not say where its parts end is no other type of content, but cannot be read.
pub async fn form(request: Request) -> Result<multipart::Parts, Error> {
    if kind_of(request.headers()) != "multipart/form-data" {
        return Err(Error::new(Kind::MediaType));
    }
    Ok(multipart::Parts::of(request).await?)
}

/// The type of the content, without its parameters.
fn kind_of(headers: &HeaderMap) -> String {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// JSON as a `T`; what is wrong is named by its path, under `base`.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8], base: &str) -> Result<T, Error> {
    if let Some(field) = zero_in_json(bytes, base) {
        return Err(Error::field(Kind::Invalid, &field, "invalid-characters"));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let (path, told) = (error.path().clone(), error.inner());
        match told.classify() {
            serde_json::error::Category::Data => wrong(base, &path, &told.to_string(), Kind::Invalid),
            _ => Error::field(Kind::Malformed, base, "api-not-json"),
        }
    })?;
    reader.end().map_err(|_| Error::field(Kind::Malformed, base, "api-not-json"))?;
    Ok(read)
}

/// The path of a text with a zero in it, of which PostgreSQL takes none: refused here, so that no rule behind this has to
/// know it.
fn zero_in_json(bytes: &[u8], base: &str) -> Option<String> {
    // A zero cannot stand there but escaped.
    if !bytes.windows(6).any(|six| six == b"\\u0000") {
        return None;
    }
    let value = serde_json::from_slice(bytes).ok()?;
    let path = zero_in(&value, base.to_owned())?;
    Some(path.chars().take(200).collect())
}

fn zero_in(value: &Value, path: String) -> Option<String> {
    let under = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::String(text) => text.contains('\0').then_some(path),
        Value::Array(all) => all.iter().enumerate().find_map(|(n, one)| zero_in(one, under(&n.to_string()))),
        Value::Object(all) => all.iter().find_map(|(name, one)| zero_in(one, under(name))),
        _ => None,
    }
}

/// The field and the code of what serde says. Its own words may quote what was sent, and are told to nobody.
fn wrong(base: &str, path: &Path, told: &str, kind: Kind) -> Error {
    let mut field: Vec<String> = if base.is_empty() { Vec::new() } else { vec![base.to_owned()] };
    field.extend(path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }));
    let named = told.split('`').nth(1).unwrap_or("");
    let key = if told.starts_with("missing field") {
        field.push(named.to_owned());
        "invalid-missing"
    } else if told.starts_with("unknown field") {
        if field.last().is_none_or(|last| last != named) {
            field.push(named.to_owned());
        }
        "api-unknown-field"
    } else if told.starts_with("duplicate field") {
        field.push(named.to_owned());
        "api-twice"
    } else if told.starts_with("unknown variant") {
        "invalid-choice"
    } else {
        "api-wrong-type"
    };
    let field: String = field.join(".").chars().take(200).collect();
    Error::field(kind, &field, key)
}

/// The query of an address.
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>, Error> {
        let query = parts.uri.query().unwrap_or("");
        // No text has a zero, and PostgreSQL takes none.
        match form_pairs(query).find(|(_, value)| value.contains('\0')) {
            Some((name, _)) => {
                let field: String = name.chars().take(200).collect();
                Err(Error::field(Kind::Invalid, &field, "invalid-characters"))
            }
            None => read(query).map(Query),
        }
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Error> {
    let reader = serde_urlencoded::Deserializer::new(form_pairs(query));
    serde_path_to_error::deserialize(reader)
        .map_err(|error| wrong("", error.path(), &error.inner().to_string(), Kind::Invalid))
}

fn form_pairs(query: &str) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query.as_bytes())
}

/// A query in which some parameters may stand several times.
pub trait Repeats {
    const REPEATED: &'static [&'static str];
}

/// The query of an address, with its repeated parameters as [`List`]s.
pub struct Repeating<T>(pub T);

/// The values of a repeated parameter, in order.
#[derive(Clone, Debug, Default)]
pub struct List(pub Vec<String>);

/// Between the values on their way through a form that knows no lists; no value holds it.
const BETWEEN: char = '\u{0}';

impl<'de> serde::Deserialize<'de> for List {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<List, D::Error> {
        let text = String::deserialize(from)?;
        Ok(List(text.split(BETWEEN).map(str::to_owned).collect()))
    }
}

impl<S: Sync, T: DeserializeOwned + Repeats> FromRequestParts<S> for Repeating<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Repeating<T>, Error> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_pairs(parts.uri.query().unwrap_or("")) {
            let value = value.replace(BETWEEN, "");
            match pairs.iter_mut().find(|(known, _)| *known == name && T::REPEATED.contains(&known.as_str())) {
                Some((_, values)) => {
                    values.push(BETWEEN);
                    values.push_str(&value);
                }
                None => pairs.push((name.into_owned(), value)),
            }
        }
        let joined = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
        read(&joined).map(Repeating)
    }
}

/// The ids in an address, in order. What is no id is nothing that there is.
pub struct Ids<const N: usize>(pub [Id; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for Ids<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ids<N>, Error> {
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| Error::not_found())?;
        let ids: Result<Vec<Id>, _> = named.iter().map(|(_, text)| Id::parse(text)).collect();
        let ids = ids.map_err(|_| Error::not_found())?;
        ids.try_into().map(Ids).map_err(|_| Error::not_found())
    }
}

/// One id in an address.
pub struct At(pub Id);

impl<S: Send + Sync> FromRequestParts<S> for At {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<At, Error> {
        let Ids([id]) = Ids::<1>::from_request_parts(parts, state).await?;
        Ok(At(id))
    }
}

/// An id in a body or a query.
pub fn id(field: &str, text: &str) -> Result<Id, Error> {
    Id::parse(text).map_err(|_| Error::field(Kind::Invalid, field, "api-not-an-id"))
}

/// Where the next page begins, as the page before said.
pub fn after(text: Option<&str>) -> Result<Option<Id>, Error> {
    text.map(|text| Id::parse(text).map_err(|_| not_a_cursor())).transpose()
}

pub fn not_a_cursor() -> Error {
    Error::field(Kind::Invalid, "after", "api-not-a-cursor")
}

/// Which page of a list is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Rows on a page: 1 to 100, as shipped 20.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next` of the page before.
    after: Option<String>,
}

impl Paging {
    /// How many rows, and from where on.
    pub fn read(&self) -> Result<(i64, Option<Id>), Error> {
        Ok((limit(self.limit)?, after(self.after.as_deref())?))
    }
}

pub const LIMIT_MAX: i64 = 100;

/// How many rows were asked for, 20 where nothing was said.
pub fn limit(asked: Option<i64>) -> Result<i64, Error> {
    match asked.unwrap_or(20) {
        limit if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
        _ => {
            let mut errors = web::FormErrors::default();
            errors.add(web::FieldError::new("limit", "invalid-range", [("min", 1), ("max", LIMIT_MAX)]));
            Err(errors.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Sent {
        lines: Vec<Line>,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Line {
        quantity: i64,
    }

    #[derive(Deserialize, Debug)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        #[serde(default)]
        shop: List,
        limit: Option<i64>,
    }

    impl Repeats for Asked {
        const REPEATED: &'static [&'static str] = &["shop"];
    }

    async fn asked(query: &str) -> Result<Asked, Error> {
        let request = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
        Ok(Repeating::from_request_parts(&mut request.into_parts().0, &()).await?.0)
    }

    #[tokio::test]
    async fn some_parameters_may_be_repeated_and_no_others() {
        let both = asked("shop=a%2Cb&limit=3&shop=c").await.unwrap();
        assert_eq!((both.shop.0, both.limit), (vec!["a,b".to_owned(), "c".to_owned()], Some(3)));
        assert!(asked("limit=3").await.unwrap().shop.0.is_empty());
        let twice = format!("{:?}", asked("limit=3&limit=4").await.unwrap_err());
        assert!(twice.contains("api-twice"), "{twice}");
        assert!(asked("seller=1").await.is_err());
    }

    fn told(json: &str) -> String {
        let error = read_json::<Sent>(json.as_bytes(), "").unwrap_err();
        format!("{error:?}")
    }

    /// Every mistake of form is named by its path, and nothing that was sent is quoted.
    #[test]
    fn what_cannot_be_read_is_named() {
        for (json, field, key) in [
            ("{", "", "api-not-json"),
            ("{\"lines\":[]} x", "", "api-not-json"),
            ("{}", "lines", "invalid-missing"),
            ("{\"lines\":[{}]}", "lines.0.quantity", "invalid-missing"),
            ("{\"lines\":[{\"quantity\":\"canary\"}]}", "lines.0.quantity", "api-wrong-type"),
            ("{\"lines\":[{\"quantity\":1.5}]}", "lines.0.quantity", "api-wrong-type"),
            ("{\"lines\":[{\"quantity\":\"\\u0000\"}]}", "lines.0.quantity", "invalid-characters"),
            ("{\"lines\":[],\"more\":1}", "more", "api-unknown-field"),
            ("{\"lines\":[],\"lines\":[]}", "lines", "api-twice"),
        ] {
            let told = told(json);
            assert!(told.contains(&format!("field: \"{field}\", key: \"{key}\"")), "{json}: {told}");
            assert!(!told.contains("canary"));
        }
    }
}
