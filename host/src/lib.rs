//! The host side of FACT: data in, experiments, reports out.
