//! `fact rfm`.

use super::{Ending, print};
use crate::cli::{FitArguments, Rfm, RfmCommand};
use crate::error::{Error, Result};
use crate::plan::Predict;
use crate::progress::Rounds;
use crate::{data, engine, experiment, model, report};
use std::io::Write;

pub(super) fn run(arguments: &Rfm, quiet: bool) -> Result<Ending> {
    match &arguments.command {
        RfmCommand::Fit(arguments) => fit(arguments, quiet),
        RfmCommand::Predict(arguments) => predict(&arguments.plan()),
    }
}

fn fit(arguments: &FitArguments, quiet: bool) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    if let Some(path) = &plan.model {
        report::prepare_file(path)?;
    }
    let data = plan.load()?;
    let start = plan.metric.as_deref().map(|path| report::read_metric(path, data.train.d));
    let start = start.transpose()?;
    let memory = engine::fit_memory(&data, &plan)?;
    if !quiet {
        // Without a stderr there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{memory}");
    }
    let progress = Rounds::new(quiet);
    let outcome = experiment::fit(&plan, &data, start.as_ref(), &progress);
    progress.finish();
    let outcome = outcome?;
    if let Some(directory) = &plan.out {
        report::write_fit(directory, &outcome)?;
    }
    if let Some(path) = &plan.model {
        report::write_file(path, &model::encode(&outcome.model))?;
    }
    print(&if plan.json {
        report::FitReport::new(&outcome).to_json()
    } else {
        report::fit_table(&outcome)
    })?;
    Ok(Ending::Done)
}

fn predict(plan: &Predict) -> Result<Ending> {
    let model = model::load(&plan.model)?;
    if plan.probabilities && matches!(model.outputs, model::Outputs::Values(_)) {
        return Err(Error::Usage(format!(
            "--probabilities: {} predicts numbers, which have none. Leave it out",
            plan.model.display()
        )));
    }
    let samples = data::query(&plan.data, plan.header, &model.inputs.features)?;
    if let Some(path) = &plan.jacobian {
        report::prepare_file(path)?;
        let data = model.jacobians(&samples.x, crate::plan::Engine::Fast)?;
        let (nrows, ncols) = (samples.n * model.outputs.count(), model.d());
        let bytes = report::encode(&experiment::Matrix { nrows, ncols, data });
        let failed = |source| Error::Write { path: path.clone(), source };
        report::write_file(path, &bytes.map_err(failed)?)?;
    }
    let outputs = model.predict(&samples.x, crate::plan::Engine::Fast)?;
    print(&report::predictions(&model, &outputs, plan.probabilities))?;
    Ok(Ending::Done)
}
