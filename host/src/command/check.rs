//! `fact check`.

use super::{Ending, print};
use crate::cli::Check;
use crate::error::Result;
use crate::{experiment, report};

pub(super) fn run(arguments: &Check) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    let outcome = experiment::check(&plan.load()?)?;
    let verdict = report::verdict(&outcome);
    if let Some(directory) = &plan.out {
        report::write(directory, &outcome)?;
    }
    print(&if plan.json {
        report::Report::new(&outcome).to_json()
    } else {
        report::table(&outcome, &verdict)
    })?;
    Ok(if verdict.passed { Ending::Done } else { Ending::Failed })
}
