//! `fact rfm`.

use super::{Ending, print};
use crate::cli::{FitArguments, RfmCommand};
use crate::error::{Error, Result};
use crate::plan::Predict;
use crate::progress::Rounds;
use crate::{data, engine, experiment, model, report};
use std::io::Write;
use std::path::Path;

pub(super) fn run(command: &RfmCommand) -> Result<Ending> {
    match command {
        RfmCommand::Fit(arguments) => fit(arguments),
        RfmCommand::Predict(arguments) => predict(&arguments.plan()),
    }
}

fn fit(arguments: &FitArguments) -> Result<Ending> {
    let plan = arguments.plan()?;
    if let Some(directory) = &plan.out {
        report::prepare(directory)?;
    }
    if let Some(path) = &plan.model {
        report::prepare(parent(path)?.0)?;
    }
    let data = plan.load()?;
    let start = plan.metric.as_deref().map(|path| report::read_metric(path, data.train.d));
    let start = start.transpose()?;
    let memory = engine::fit_memory(&data, &plan)?;
    if !plan.quiet {
        // Without a stderr there is nobody to tell.
        let _ = writeln!(anstream::stderr(), "{memory}");
    }
    let progress = Rounds::new(plan.quiet);
    let outcome = experiment::fit(&plan, &data, start.as_ref(), &progress);
    progress.finish();
    let outcome = outcome?;
    if let Some(directory) = &plan.out {
        report::write_fit(directory, &outcome)?;
    }
    if let Some(path) = &plan.model {
        let (directory, name) = parent(path)?;
        report::put(directory, name, &model::encode(&outcome.model))?;
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
    let outputs = model.predict(&samples.x, crate::plan::Engine::Fast)?;
    print(&report::predictions(&model, &outputs, plan.probabilities))?;
    Ok(Ending::Done)
}

/// The directory and the name of a file.
fn parent(path: &Path) -> Result<(&Path, &str)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    match name {
        Some(name) => Ok((directory.unwrap_or(Path::new(".")), name)),
        None => {
            Err(Error::Usage(format!("--model {}: expected the name of a file", path.display())))
        }
    }
}
