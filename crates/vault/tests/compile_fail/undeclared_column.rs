//! A column says which field it holds, or why it is not personal.
include!("declared.rs");

record! { visitor (id) of [], keep [] since id, refers [] {
    id: Text = "random id";
    name: Text;
} }
