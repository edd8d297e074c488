//! The vault's part of the map: people and their states, consents, the ledger of readings (4.1, 4.4).

use ::policy::fields::*;
use ::policy::{Purpose, PurposeInfo, RecordInfo, purpose, record};

purpose! { KeepAccessLedger {
    section "4.1", basis LegalObligation by "PIPL 44, 51" / "《个人信息保护法》第44、51条",
    says "We record every look at your information, and you can read the record." / "我们记录对您信息的每次访问，您可查看。",
    requires [AccessEntry, DisclosureEntry], accepts [], reads [StaffAccount],
    discloses [], roles [Own, Guardian, Privacy, Incident, Job],
    keep [Logged + 3 Years => Delete],
    refusal "It cannot be turned off: it is the proof that the promise is kept." / "该记录用于证明我们履行承诺，不可关闭。",
} }

purpose! { ProveConsent {
    section "4.4", basis LegalObligation by "PIPL 14, 15" / "《个人信息保护法》第14、15条",
    says "We keep proof of what you agreed to and withdrew." / "我们保存您同意和撤回的记录。",
    requires [ConsentRecord], accepts [], reads [],
    discloses [], roles [Own, Guardian, Privacy, Job],
    keep [Withdrawn + 3 Years => Delete, Cancelled + 3 Years => Delete],
    refusal "The proof goes three years after withdrawal or cancellation." / "撤回或注销三年后删除该记录。",
} }

record! {
    /// Everybody whose data may lie in the vault, by a random id: members, staff, consignees without an account.
    person (id) of [id keep], keep [] since ended_at, refers [] {
        id: Text = "random id";
        kind: Text = "member, staff or other";
        state: Text = "open, restricted or erased";
        version: BigInt = "counts changes of state and consent";
        begun_at: BigInt = "when the random id was taken";
        ended_at: MaybeBigInt = "when the person was erased";
    }
}

record! {
    consent (person, id) of [person keep], keep [ProveConsent] since withdrawn_at, refers [person -> person] {
        person: Text = "random id";
        id: Text = "random id";
        purpose: Text => ConsentRecord;
        edition: BigInt = "edition of the policy";
        notice: Text = "digest of the words that were shown";
        way: Text = "where it was given: page or API";
        granted_at: BigInt => ConsentRecord;
        withdrawn_at: MaybeBigInt => ConsentRecord;
    }
}

record! {
    /// The index by person over the ledger's blocks, built by a job.
    reading (person, at, id) of [person keep], keep [KeepAccessLedger] since at, refers [] {
        person: Text = "random id";
        at: BigInt => AccessEntry;
        id: Text = "random id";
        chain: Text = "chain of the block";
        block: BigInt = "number of the block";
        entry: Text => AccessEntry;
    }
}

record! {
    reading_cursor (chain) of [], keep [] since block, refers [] {
        chain: Text = "chain of blocks";
        block: BigInt = "last block in the index";
    }
}

record! {
    pair (id) of [], keep [] since generation, refers [] {
        id: Text = "random id that the key store bears too";
        generation: BigInt = "counts up; an older key store is refused";
    }
}

pub const PURPOSES: &[&PurposeInfo] = &[&KeepAccessLedger::INFO, &ProveConsent::INFO];
pub const RECORDS: &[&RecordInfo] = &[
    &person::table::RECORD,
    &consent::table::RECORD,
    &reading::table::RECORD,
    &reading_cursor::table::RECORD,
    &pair::table::RECORD,
];

/// The key store's own tables, in a database of its own: never beside the data, never in its backups.
pub mod key_store {
    use ::policy::{RecordInfo, record};

    record! {
        /// A person's key for one duty, wrapped by the epoch's key.
        person_key (person, duty) of [person delete], keep [] since made_at, refers [] {
            person: Text = "random id";
            duty: Text = "account, or the duty that the key serves";
            epoch: BigInt = "epoch that wraps it";
            wrapped: Binary = "wrapped key";
            made_at: BigInt = "when the key was made";
        }
    }

    record! {
        /// Keys that all processes of one house share: of the blind indexes by field, of the pages' forms.
        house_key (name) of [], keep [] since made_at, refers [] {
            name: Text = "id of the field, or what the key is for";
            epoch: BigInt = "epoch that wraps it";
            wrapped: Binary = "wrapped key";
            made_at: BigInt = "when the key was made";
            ended_at: MaybeBigInt = "when the next one took its place";
        }
    }

    record! {
        /// Keyed hashes: the only way to look a sealed value up.
        blind_mark (field, mark, whose) of [person delete], keep [] since made_at, refers [] {
            field: Text = "id of the field";
            mark: Text = "keyed hash";
            whose: Text = "empty where the value is one person's only, else the row";
            person: Text = "random id";
            made_at: BigInt = "when it was made";
            made_by: Text = "name of the house's key that made it";
        }
    }

    record! {
        tombstone (person, duty) of [], keep [] since at, refers [] {
            person: Text = "random id of somebody erased";
            duty: Text = "key that was destroyed";
            at: BigInt = "when";
        }
    }

    record! {
        epoch (number) of [], keep [] since begun_at, refers [] {
            number: BigInt = "counts up";
            begun_at: BigInt = "when it began";
            ended_at: MaybeBigInt = "when the next one began";
            check_value: Text = "tells whether the epoch's key is the right one";
        }
    }

    record! {
        key_pair (id) of [], keep [] since generation, refers [] {
            id: Text = "random id that the data bear too";
            generation: BigInt = "counts up";
        }
    }

    pub const RECORDS: &[&RecordInfo] = &[
        &person_key::table::RECORD,
        &house_key::table::RECORD,
        &blind_mark::table::RECORD,
        &tombstone::table::RECORD,
        &epoch::table::RECORD,
        &key_pair::table::RECORD,
    ];
}

/// The vault's part of the house.
pub const PART: crate::Part = crate::Part { name: "vault", purposes: PURPOSES, records: RECORDS, migrations };

const MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("migrations");
const KEY_MIGRATIONS: diesel_migrations::EmbeddedMigrations = diesel_migrations::embed_migrations!("key-migrations");

pub fn migrations() -> db::Migrations {
    db::Migrations { name: "vault", source: MIGRATIONS }
}

/// What a key store's database is made of.
pub fn key_migrations() -> db::Migrations {
    db::Migrations { name: "keys", source: KEY_MIGRATIONS }
}
