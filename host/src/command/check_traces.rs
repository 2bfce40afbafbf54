//! `fact check-traces`.

use super::{Ending, print};
use crate::cli::CheckTraces;
use crate::error::{Error, Result};
use crate::{engine, plan, report};
use fact_core::mat::MatRef;

pub(super) fn run(arguments: &CheckTraces) -> Result<Ending> {
    let plan = arguments.plan();
    let [weight, inputs, deltas] = plan.load()?;
    let rows = inputs.rows();
    let n = plan.samples.unwrap_or(rows);
    if n > rows {
        return Err(Error::Usage(format!(
            "--samples {n}: there are only {rows} rows, and each sample has at least one"
        )));
    }
    let outputs = weight.rows();
    let [weight, inputs, deltas] = [(&weight, outputs), (&inputs, rows), (&deltas, rows)]
        .map(|(array, rows)| MatRef::new(&array.data, rows, array.columns()));
    let name = plan::stem(&plan.weight);
    let traced = engine::trace(name, weight?, (inputs?, deltas?), n, plan.lambda)?;
    let verdict = report::traced_verdict(&traced);
    print(&if plan.json {
        report::traced_json(&traced, &verdict)
    } else {
        report::traced_table(&traced, &verdict)
    })?;
    Ok(if verdict.passed { Ending::Done } else { Ending::Failed })
}
