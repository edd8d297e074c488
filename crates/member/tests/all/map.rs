//! The map says what is there, and what is refused can be said.

use crate::support::each;
use member::{PART, Refused};
use std::collections::BTreeSet;
use vault::Part;

/// The declared tables are the live ones, column by column.
#[test]
fn the_tables_are_as_declared() {
    each(async |v| {
        let live = v.vault.data().read(|read| Ok::<_, db::Stop<()>>(db::schema::live_columns(read.db)?)).await.unwrap();
        for record in PART.records {
            let declared: BTreeSet<&str> = record.columns.iter().map(|column| column.name).collect();
            let found: BTreeSet<&str> = live
                .iter()
                .filter(|column| column.table_name == record.table)
                .map(|column| column.column_name.as_str())
                .collect();
            assert_eq!(declared, found, "{}", record.table);
        }
    });
}

/// The rules of the map hold for this part (2-a.S2, 5.1-a.1): every field is under a purpose, every purpose has a term.
#[test]
fn the_map_has_no_faults_here() {
    let mut faults = Part::map(&[vault::policy::PART, PART]).faults();
    // Fields and recipients of the parts that are not here.
    faults.retain(|fault| !fault.starts_with("rule 1:") && !fault.starts_with("no purpose gives anything"));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn every_refusal_has_words_in_both_languages() {
    let english = include_str!("../../../web/locales/en/refused-member.ftl");
    let chinese = include_str!("../../../web/locales/zh/refused-member.ftl");
    for refused in Refused::EACH {
        for words in [english, chinese] {
            let line = words.lines().find(|line| line.starts_with(&format!("{} =", refused.key())));
            let line = line.unwrap_or_else(|| panic!("{} has no words", refused.key()));
            for (name, _) in refused.args() {
                assert!(line.contains(&format!("{{ ${name} }}")), "{line} does not say {name}");
            }
        }
    }
    assert_eq!(english.lines().count(), Refused::EACH.len());
    assert_eq!(chinese.lines().count(), Refused::EACH.len());
}

/// 2.7: the marks of tries are of telephones, names and network addresses, hashed: declared as what they are, with the
/// hour that the sweep carries out as their term.
#[test]
fn the_marks_of_tries_are_declared() {
    let record = PART.records.iter().find(|record| record.table == "throttle").unwrap();
    assert_eq!(record.keep, ["GuardSignIn"]);
    let purpose = PART.purposes.iter().find(|purpose| purpose.id == "GuardSignIn").unwrap();
    assert_eq!(purpose.requires.iter().map(|field| field.id).collect::<Vec<_>>(), ["TryMark"]);
    let terms: Vec<i64> = purpose.keep.iter().map(|keep| keep.term.micros()).collect();
    assert_eq!(terms, [db::clock::HOUR]);
}
