//! The whole map, put together by the binary from the crates' parts, and the rules that it must pass.

use crate::{
    Basis, ColumnKind, FieldInfo, Kind, OnErase, PurposeInfo, RecordInfo, Rest, Sensitivity, Whose, fields, recipients,
};

/// All purposes and records, in the order of the parts.
#[derive(Clone, Debug, Default)]
pub struct Map {
    pub purposes: Vec<&'static PurposeInfo>,
    pub records: Vec<&'static RecordInfo>,
}

/// Sensitive fields that rest on contract, each a decision (map rule 4): they carry the notice of necessity and
/// effect with a control of its own at the moment of binding (PIPL 30).
const SENSITIVE_BY_CONTRACT: [&str; 1] = ["SettlementAccount"];

impl Map {
    pub fn purpose(&self, id: &str) -> Option<&'static PurposeInfo> {
        self.purposes.iter().copied().find(|purpose| purpose.id == id)
    }

    pub fn record(&self, table: &str) -> Option<&'static RecordInfo> {
        self.records.iter().copied().find(|record| record.table == table)
    }

    /// Purposes that collect or derive the field.
    pub fn collectors(&self, field: &str) -> impl Iterator<Item = &'static PurposeInfo> {
        self.purposes.iter().copied().filter(move |p| p.requires.iter().chain(p.accepts).any(|f| f.id == field))
    }

    /// Fields that some purpose touches, in the order of the vocabulary.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldInfo> {
        fields::ALL.iter().copied().filter(|field| self.touches(field.id).next().is_some())
    }

    /// Purposes that touch the field in any way.
    pub fn touches(&self, field: &str) -> impl Iterator<Item = &'static PurposeInfo> {
        self.purposes.iter().copied().filter(move |p| p.fields().any(|f| f.id == field))
    }

    /// Children before parents, so that references between domains never stop an erasure.
    pub fn children_first(&self) -> Result<Vec<&'static RecordInfo>, String> {
        let mut left = self.records.clone();
        let mut out = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let free = left.iter().position(|record| {
                !left
                    .iter()
                    .any(|other| other.table != record.table && other.refers.iter().any(|r| r.table == record.table))
            });
            match free {
                Some(at) => out.push(left.remove(at)),
                None => {
                    let names: Vec<_> = left.iter().map(|record| record.table).collect();
                    return Err(format!("references in a circle: {}", names.join(", ")));
                }
            }
        }
        Ok(out)
    }

    /// What is wrong with the map (`data-map.md` section 5); empty when every rule holds.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut wrong = |what: String| faults.push(what);
        for (i, purpose) in self.purposes.iter().enumerate() {
            if self.purposes[..i].iter().any(|other| other.id == purpose.id) {
                wrong(format!("{} is declared twice", purpose.id));
            }
        }
        for field in fields::ALL {
            if self.collectors(field.id).next().is_none() {
                wrong(format!("rule 1: no purpose collects {}", field.id));
            }
        }
        for purpose in &self.purposes {
            let id = purpose.id;
            for disclosure in purpose.discloses {
                for field in disclosure.fields {
                    if !purpose.fields().any(|own| own.id == field.id) {
                        wrong(format!("rule 2: {id} gives away {}, which is not among its own fields", field.id));
                    }
                    if !disclosure.recipient.ceiling.iter().any(|most| most.id == field.id) {
                        wrong(format!(
                            "rule 2: {id} gives {} more than its ceiling: {}",
                            disclosure.recipient.id, field.id
                        ));
                    }
                    if disclosure.recipient.id == "Public" && !field.public {
                        wrong(format!(
                            "rule 3: {id} makes {} public, which is not public by the person's act",
                            field.id
                        ));
                    }
                }
            }
            for field in purpose.requires.iter().chain(purpose.accepts) {
                let rests_well = matches!(purpose.basis, Basis::SeparateConsent | Basis::LegalObligation)
                    || SENSITIVE_BY_CONTRACT.contains(&field.id);
                if field.sensitivity == Sensitivity::Sensitive && !rests_well {
                    wrong(format!("rule 4: {id} collects the sensitive {} on {:?}", field.id, purpose.basis));
                }
            }
            if purpose.basis.kind() == Kind::Additional && purpose.refusal.en.is_empty() {
                wrong(format!("rule 5: {id} does not say what refusal costs"));
            }
            if purpose.basis == Basis::LegalObligation && purpose.law.is_none() {
                wrong(format!("rule 6: {id} names no law"));
            }
            if purpose.keep.is_empty() {
                wrong(format!("5.1-a.S1: {id} states no term"));
            }
            if purpose.roles.is_empty() {
                wrong(format!("{id} names nobody who may act for it"));
            }
            if purpose.says.en.split_whitespace().count() > 32 {
                wrong(format!("rule 11: the English sentence of {id} has more than 32 words"));
            }
            if purpose.says.zh.chars().count() > 60 {
                wrong(format!("rule 11: the Chinese sentence of {id} has more than 60 characters"));
            }
            for words in [purpose.says, purpose.refusal] {
                if words.en.is_empty() || words.zh.is_empty() {
                    wrong(format!("{id} lacks words in a language"));
                }
            }
        }
        for (i, record) in self.records.iter().enumerate() {
            let table = record.table;
            if self.records[..i].iter().any(|other| other.table == table) {
                wrong(format!("the table {table} is declared twice"));
            }
            for keep in record.keep {
                if self.purpose(keep).is_none() {
                    wrong(format!("{table} is kept under {keep}, which is not a declared purpose"));
                }
            }
            for reference in record.refers {
                if self.record(reference.table).is_none() {
                    wrong(format!("{table} refers to {}, which is not declared", reference.table));
                }
            }
            let has = |name: &str| record.columns.iter().any(|column| column.name == name);
            for name in record.subjects.iter().map(|s| s.column).chain([record.since]).chain(record.key.iter().copied())
            {
                if !has(name) {
                    wrong(format!("{table} has no column {name}"));
                }
            }
            for column in record.columns {
                let (field, sealed) = match column.kind {
                    ColumnKind::Plain(_) => continue,
                    ColumnKind::Field(field) => (field, false),
                    ColumnKind::Sealed { field, subject, .. } => {
                        if !record.subjects.iter().any(|s| s.column == subject) {
                            wrong(format!("{table}.{}: {subject} is not a column that names a person", column.name));
                        }
                        (field, true)
                    }
                };
                let rests = match field.rest {
                    Rest::Sealed | Rest::SealedIndexed => sealed,
                    Rest::Plain | Rest::Link | Rest::Reference | Rest::Hash => true,
                    Rest::Device | Rest::Pass => false,
                };
                if !rests {
                    wrong(format!(
                        "rule 10: {table}.{} holds {} in a way that its field forbids",
                        column.name, field.id
                    ));
                }
                if record.keep.is_empty() {
                    wrong(format!("5.1-a.1: {table} holds {} and is kept under no purpose", field.id));
                }
                let touched =
                    record.keep.iter().filter_map(|id| self.purpose(id)).any(|p| p.fields().any(|f| f.id == field.id));
                if !touched {
                    wrong(format!("{table}.{}: no purpose that keeps the table touches {}", column.name, field.id));
                }
            }
            let shreds = record.subjects.iter().any(|s| s.on_erase == OnErase::Shred);
            let sealed = record.columns.iter().any(|c| matches!(c.kind, ColumnKind::Sealed { .. }));
            if shreds && !sealed {
                wrong(format!("{table} shreds on erasure and seals nothing"));
            }
        }
        for recipient in recipients::ALL {
            let used = self.purposes.iter().flat_map(|p| p.discloses).any(|d| d.recipient.id == recipient.id);
            if !used {
                wrong(format!("no purpose gives anything to {}", recipient.id));
            }
        }
        if let Err(circle) = self.children_first() {
            wrong(circle);
        }
        faults
    }
}

impl PurposeInfo {
    /// Every field that the purpose touches.
    pub fn fields(&self) -> impl Iterator<Item = &'static FieldInfo> {
        self.requires.iter().chain(self.accepts).chain(self.reads).copied()
    }

    /// Whether a value collected here may name somebody other than the actor (map rule 9; 2.9-a.1).
    pub fn concerns_others(&self) -> bool {
        self.requires.iter().chain(self.accepts).any(|f| matches!(f.whose, Whose::Other | Whose::OwnOrOther))
    }
}
