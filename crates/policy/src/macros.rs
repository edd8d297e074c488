//! The macros by which the map is written. All `macro_rules!`, so that an error points at the declaration.

/// Declares fields: marker types with `Field` implemented.
///
/// `Name: Type, Category, Sensitivity, Whose, Rest, public?, rule …, mask …, "english", "中文", "example";`
#[macro_export]
macro_rules! fields {
    ( $( $(#[$doc:meta])* $name:ident : $value:ty, $category:ident, $sensitivity:ident, $whose:ident, $rest:ident $(, $public:ident)?;
         rule $rule:expr; mask $mask:ident; $en:literal / $zh:literal, example $example:literal; )* ) => {
        $(
            $(#[$doc])*
            #[doc = concat!("The field \"", $en, "\" (", $zh, "); e.g. `", $example, "`.")]
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl $crate::Field for $name {
                type Value = $value;
                const INFO: $crate::FieldInfo = $crate::FieldInfo {
                    id: stringify!($name),
                    words: $crate::Words { en: $en, zh: $zh },
                    category: $crate::Category::$category,
                    sensitivity: $crate::Sensitivity::$sensitivity,
                    whose: $crate::Whose::$whose,
                    rest: $crate::Rest::$rest,
                    public: $crate::fields!(@public $($public)?),
                    rule: { use $crate::Rule::*; $rule },
                    mask: $crate::Mask::$mask,
                    example: $example,
                };
            }
        )*
        /// Every declared field.
        pub const ALL: &[&$crate::FieldInfo] = &[ $( &<$name as $crate::Field>::INFO ),* ];
    };
    (@public public) => { true };
    (@public) => { false };
}

/// Declares recipients with the most that each may ever get.
#[macro_export]
macro_rules! recipients {
    ( $( $(#[$doc:meta])* $name:ident $kind:ident $en:literal / $zh:literal may get [ $($field:ident),* $(,)? ]; )* ) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy)]
            pub struct $name;
            impl $crate::Recipient for $name {
                const INFO: $crate::RecipientInfo = $crate::RecipientInfo {
                    id: stringify!($name),
                    words: $crate::Words { en: $en, zh: $zh },
                    kind: $crate::RecipientKind::$kind,
                    ceiling: &[ $( &<$field as $crate::Field>::INFO ),* ],
                };
            }
        )*
        /// Every declared recipient.
        pub const ALL: &[&$crate::RecipientInfo] = &[ $( &<$name as $crate::Recipient>::INFO ),* ];
    };
}

/// Declares one purpose. A field stands in exactly one of `requires`, `accepts` and `reads`; twice is a compile error.
#[macro_export]
macro_rules! purpose {
    ( $(#[$doc:meta])* $name:ident {
        section $section:literal, basis $basis:ident $(by $law_en:literal / $law_zh:literal)?,
        says $en:literal / $zh:literal,
        requires [ $($required:ident),* $(,)? ],
        accepts [ $($accepted:ident),* $(,)? ],
        reads [ $($read:ident),* $(,)? ],
        discloses [ $( $recipient:ident ( $($given:ident),* $(,)? ) ),* $(,)? ],
        roles [ $($role:ident),* $(,)? ],
        keep [ $( $event:ident + $count:literal $unit:ident => $action:ident $( only ( $($only:ident),* ) )? ),* $(,)? ],
        refusal $refusal_en:literal / $refusal_zh:literal $(,)?
    } ) => {
        $(#[$doc])*
        #[doc = concat!($section, ": ", $en)]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl $crate::Purpose for $name {
            const INFO: $crate::PurposeInfo = $crate::PurposeInfo {
                id: stringify!($name),
                section: $section,
                basis: $crate::Basis::$basis,
                says: $crate::Words { en: $en, zh: $zh },
                requires: &[ $( &<$required as $crate::Field>::INFO ),* ],
                accepts: &[ $( &<$accepted as $crate::Field>::INFO ),* ],
                reads: &[ $( &<$read as $crate::Field>::INFO ),* ],
                discloses: &[ $( $crate::Disclosure {
                    recipient: &<$recipient as $crate::Recipient>::INFO,
                    fields: &[ $( &<$given as $crate::Field>::INFO ),* ],
                } ),* ],
                roles: &[ $( $crate::Role::$role ),* ],
                keep: &[ $( $crate::Keep {
                    event: $crate::Event::$event,
                    term: $crate::Term { count: $count, unit: $crate::Unit::$unit },
                    action: $crate::Action::$action,
                    only: &[ $( $( &<$only as $crate::Field>::INFO ),* )? ],
                } ),* ],
                refusal: $crate::Words { en: $refusal_en, zh: $refusal_zh },
                law: $crate::purpose!(@law $($law_en / $law_zh)?),
            };
        }
        $( impl $crate::Collects<$required> for $name {} impl $crate::Reads<$required> for $name {} )*
        $( impl $crate::Collects<$accepted> for $name {} impl $crate::Reads<$accepted> for $name {} )*
        $( impl $crate::Reads<$read> for $name {} )*
        $( $( impl $crate::Discloses<$recipient, $given> for $name {} )* )*
    };
    (@law) => { None };
    (@law $en:literal / $zh:literal) => { Some($crate::Words { en: $en, zh: $zh }) };
}

/// Declares one table: diesel's `table!`, the record of the map, and the types of its sealed columns.
///
/// One call per table, so that an error stays small. A column is `name: sealed Field of person;` (or
/// `… of person under Trade;`), `name: Type => Field;` or `name: Type = "why it is not personal";`.
#[macro_export]
macro_rules! record {
    ( $(#[$doc:meta])* $table:ident ($($key:ident),+) of [ $($subject:ident $erase:ident),* $(,)? ],
      keep [ $($keep:ident),* $(,)? ] since $since:ident, refers [ $($column:ident -> $other:ident),* $(,)? ]
      { $( $col:ident : $sql:ident $($field:ident of $owner:ident $(under $duty:ident)?)? $(=> $plain:ident)? $(= $why:literal)? ; )* } ) => {
        diesel::table! {
            #[allow(unused_imports)]
            use db::sql::*;
            #[allow(unused_imports)]
            use policy::fields::*;
            $(#[$doc])*
            $table ($($key),+) { $( $col -> $sql $(<$field>)?, )* }
        }
        impl $table::table {
            /// What the map says of this table.
            pub const RECORD: $crate::RecordInfo = $crate::RecordInfo {
                table: stringify!($table),
                key: &[ $( stringify!($key) ),+ ],
                subjects: &[ $( $crate::Subject { column: stringify!($subject), on_erase: $crate::record!(@erase $erase) } ),* ],
                keep: &[ $( stringify!($keep) ),* ],
                since: stringify!($since),
                refers: &[ $( $crate::Reference { column: stringify!($column), table: stringify!($other) } ),* ],
                columns: &[ $( $crate::ColumnInfo {
                    name: stringify!($col),
                    kind: $crate::record!(@kind $sql [$($field $owner $(under $duty)?)?] [$($plain)?] [$($why)?]),
                } ),* ],
            };
        }
        $( $crate::record!(@seal $table $col [$($field $(under $duty)?)?]); )*
    };
    (@erase delete) => { $crate::OnErase::Delete };
    (@erase shred) => { $crate::OnErase::Shred };
    (@erase keep) => { $crate::OnErase::Keep };
    (@kind sealed [$f:ident $s:ident $(under $d:ident)?] [] []) => {
        $crate::ColumnKind::Sealed {
            field: &<policy::fields::$f as $crate::Field>::INFO, subject: stringify!($s), duty: $crate::record!(@duty $($d)?),
        }
    };
    (@kind $t:ident [] [$f:ident] []) => { $crate::ColumnKind::Field(&<policy::fields::$f as $crate::Field>::INFO) };
    (@kind $t:ident [] [] [$why:literal]) => { $crate::ColumnKind::Plain($why) };
    (@kind $($t:tt)*) => {
        compile_error!("a column is `name: sealed Field of person;`, `name: Type => Field;` or `name: Type = \"why it is not personal\";`")
    };
    (@duty) => { $crate::Duty::Account };
    (@duty $d:ident) => { $crate::Duty::$d };
    (@seal $table:ident $col:ident []) => {};
    (@seal $table:ident $col:ident [$f:ident $(under $d:ident)?]) => {
        impl $crate::SealedColumn for $table::$col {
            type Field = policy::fields::$f;
            const TABLE: &'static str = stringify!($table);
            const COLUMN: &'static str = stringify!($col);
            const DUTY: $crate::Duty = $crate::record!(@duty $($d)?);
        }
    };
}
