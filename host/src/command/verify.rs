//! `fact verify`.

use super::{Ending, print};
use crate::cli::Verify;
use crate::error::Result;
use crate::progress::Progress;
use crate::{experiment, report};

pub(super) fn run(arguments: &Verify) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    let data = plan.load()?;
    let mut progress = Progress::new(plan.quiet);
    let outcome = experiment::verify(&plan, &data, |moment| progress.show(moment));
    progress.finish();
    let outcome = outcome?;
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
