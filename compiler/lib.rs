//! lanwright.
