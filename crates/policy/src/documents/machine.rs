//! The promise for programs: the map and the operator as JSON. Names are the map's own identifiers.

use super::Operator;
use crate::{ColumnKind, FieldInfo, Keep, PurposeInfo, RecipientInfo, RecordInfo, Words, map::Map, recipients};
use serde_json::{Value, json};
use std::fmt::Debug;

/// The policy as JSON: operator, purposes, fields, recipients, records.
pub fn machine_readable(map: &Map, operator: &Operator) -> Value {
    json!({
        "format": "hanse-policy/1",
        "operator": operator,
        "purposes": map.purposes.iter().map(|p| purpose(p)).collect::<Vec<_>>(),
        "fields": map.fields().map(field).collect::<Vec<_>>(),
        "recipients": recipients::ALL.iter().map(|r| recipient(r)).collect::<Vec<_>>(),
        "records": map.records.iter().map(|r| record(r)).collect::<Vec<_>>(),
    })
}

/// A variant's own name is its identifier, as with fields and purposes.
pub(super) fn name(of: impl Debug) -> String {
    format!("{of:?}")
}

pub(super) fn ids(fields: &[&'static FieldInfo]) -> Vec<&'static str> {
    fields.iter().map(|field| field.id).collect()
}

/// `OrderCompleted + 3 Years`, without the action and the fields.
pub(super) fn end(keep: &Keep) -> String {
    format!("{} + {} {}", name(keep.event), keep.term.count, name(keep.term.unit))
}

fn words(of: Words) -> Value {
    json!({ "en": of.en, "zh": of.zh })
}

pub(super) fn purpose(of: &PurposeInfo) -> Value {
    json!({
        "id": of.id,
        "section": of.section,
        "kind": name(of.basis.kind()),
        "basis": name(of.basis),
        "law": of.law.map(words),
        "says": words(of.says),
        "refusal": words(of.refusal),
        "requires": ids(of.requires),
        "accepts": ids(of.accepts),
        "reads": ids(of.reads),
        "discloses": of.discloses.iter()
            .map(|d| json!({ "recipient": d.recipient.id, "fields": ids(d.fields) })).collect::<Vec<_>>(),
        "roles": of.roles.iter().map(|role| role.id()).collect::<Vec<_>>(),
        "keep": of.keep.iter().map(|keep| json!({
            "event": name(keep.event),
            "count": keep.term.count,
            "unit": name(keep.term.unit),
            "action": name(keep.action),
            "only": ids(keep.only),
        })).collect::<Vec<_>>(),
    })
}

pub(super) fn field(of: &FieldInfo) -> Value {
    json!({
        "id": of.id,
        "words": words(of.words),
        "category": name(of.category),
        "sensitivity": name(of.sensitivity),
        "whose": name(of.whose),
        "rest": name(of.rest),
        "public": of.public,
        "mask": name(of.mask),
        "example": of.example,
    })
}

pub(super) fn recipient(of: &RecipientInfo) -> Value {
    json!({ "id": of.id, "words": words(of.words), "kind": name(of.kind), "ceiling": ids(of.ceiling) })
}

pub(super) fn record(of: &RecordInfo) -> Value {
    let columns = of.columns.iter().map(|column| match column.kind {
        ColumnKind::Plain(why) => json!({ "name": column.name, "not_personal": why }),
        ColumnKind::Field(field) => json!({ "name": column.name, "field": field.id }),
        ColumnKind::Sealed { field, subject, duty } => {
            json!({ "name": column.name, "field": field.id, "sealed_for": subject, "duty": duty.id() })
        }
    });
    json!({
        "table": of.table,
        "key": of.key,
        "subjects": of.subjects.iter()
            .map(|s| json!({ "column": s.column, "on_erase": name(s.on_erase) })).collect::<Vec<_>>(),
        "keep": of.keep,
        "since": of.since,
        "refers": of.refers.iter().map(|r| json!({ "column": r.column, "table": r.table })).collect::<Vec<_>>(),
        "columns": columns.collect::<Vec<_>>(),
    })
}
