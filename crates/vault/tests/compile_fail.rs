//! What the map does not declare does not compile, and the message says where to declare it.

#[test]
fn undeclared_uses_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
