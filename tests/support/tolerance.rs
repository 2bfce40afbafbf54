//! Every tolerance of the tests, with its formula or its reason.
