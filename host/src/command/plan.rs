//! `fact plan`.

use super::{Ending, print};
use crate::cli::PlanArguments;
use crate::engine::device;
use crate::error::Result;
use crate::report::device as report;

pub(super) fn run(arguments: &PlanArguments) -> Result<Ending> {
    let plan = arguments.plan()?;
    let buffers = device::buffers(&plan);
    print(&if plan.json { report::json(&buffers) } else { report::table(&plan, &buffers) })?;
    Ok(Ending::Done)
}
