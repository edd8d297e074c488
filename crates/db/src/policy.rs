//! The tables of the foundation. None of them holds a person's data: they carry random ids, numbers, and the ledger's
//! lines, which name people by their random id and fields by their kind, never by their value.

policy::record! { ledger_block (chain, n) of [], keep [] since at, refers [] {
    chain: Text = "id of a process start and connection"; n: BigInt = "place in the chain";
    at: BigInt = "time of the commit"; body: MaybeText = "who read which kinds of fields of whom: random ids only";
    digest: Binary = "SHA-256 of the body"; hash: Binary = "SHA-256 that chains the blocks";
} }

policy::record! { outbox (id) of [], keep [] since at, refers [] {
    id: Text = "random id"; position: MaybeBigInt = "order of the committed events"; kind: Text = "kind of event";
    about: Text = "random id"; body: Text = "ids and numbers only"; at: BigInt = "time of the command";
    written_at: BigInt = "time of the insert, orders what is not yet placed";
} }

policy::record! { outbox_sequence (name) of [], keep [] since last, refers [] {
    name: Text = "constant"; last: BigInt = "highest position given";
    pruned_before: BigInt = "time from which on every event is still there";
} }

policy::record! { outbox_consumer (name) of [], keep [] since position, refers [] {
    name: Text = "name of a consumer in the code"; position: BigInt = "how far it has read";
} }

policy::record! { job (id) of [], keep [] since created_at, refers [] {
    id: Text = "random id"; kind: Text = "kind of work"; open_key: MaybeText = "what may stand here only once";
    state: Text = "waiting, running or dead"; due_at: BigInt = "when it may run"; body: Text = "ids and numbers only";
    attempts: BigInt = "count"; leased_by: Text = "random id of a process"; lease_until: BigInt = "real time";
    last_error: Text = "why it failed, without values"; created_at: BigInt = "time";
} }

policy::record! { clock_offset (name) of [], keep [] since micros, refers [] {
    name: Text = "constant"; micros: BigInt = "by how much a test has moved the clock";
} }

/// The foundation's records, for the schema test and the map.
pub const RECORDS: &[&policy::RecordInfo] = &[
    &ledger_block::table::RECORD,
    &outbox::table::RECORD,
    &outbox_sequence::table::RECORD,
    &outbox_consumer::table::RECORD,
    &job::table::RECORD,
    &clock_offset::table::RECORD,
];
