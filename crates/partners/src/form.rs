//! `application/x-www-form-urlencoded`, and the text that a payment signature covers.

use std::collections::BTreeMap;

/// Parameters by name. The map's order (by bytes) is the order in which they are signed.
pub type Parameters = BTreeMap<String, String>;

/// The pairs of a query or a form body; of a repeated name the first counts, so that a second cannot displace what was
/// looked at. `None` if there are more than `most`.
pub fn read(encoded: &[u8], most: usize) -> Option<Parameters> {
    let mut parameters = Parameters::new();
    for (i, (name, value)) in form_urlencoded::parse(encoded).enumerate() {
        if i >= most {
            return None;
        }
        parameters.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    Some(parameters)
}

pub fn write(parameters: &Parameters) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// What is signed: every parameter that has a value, in order, as `name=value` joined by `&`, values as they are before
/// any encoding. `without` names what the signature cannot cover: a request's `sign`, a notification's `sign` and
/// `sign_type`.
pub fn signed_text(parameters: &Parameters, without: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if value.is_empty() || without.contains(&name.as_str()) {
            continue;
        }
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_sorted_values_that_are_not_empty() {
        let given = read(b"b=2&a=x%26y&sign=s&empty=&A=0&b=3", 10).unwrap();
        assert_eq!(signed_text(&given, &["sign"]), "A=0&a=x&y&b=2");
        assert_eq!(write(&given), "A=0&a=x%26y&b=2&empty=&sign=s");
        assert!(read(b"a=1&b=2&c=3", 2).is_none());
    }
}
