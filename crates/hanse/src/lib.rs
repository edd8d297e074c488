//! hanse
