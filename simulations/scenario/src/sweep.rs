//! One scenario a run, of a file that varies something.

use std::collections::BTreeMap;

use crate::Scenario;
use crate::place::Wrong;

/// The most runs of one file.
pub const RUNS: usize = 100_000;

/// What a run varies: paths and their values, as text for tables.
pub type Varied = BTreeMap<String, String>;

/// One run of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What differs from the other runs of the file, the seed left out.
    pub varied: Varied,
    /// The scenario: without a sweep, with one seed.
    pub scenario: Scenario,
}

/// All runs of a scenario file: each combination of swept values, with each seed.
///
/// # Errors
///
/// A path does not exist, a value does not fit there, or the scenario makes no sense with it.
pub fn runs(text: &str) -> Result<Vec<Run>, Vec<Wrong>> {
    let scenario = Scenario::read(text)?;
    let mut combinations = vec![BTreeMap::new()];
    for (path, values) in &scenario.sweep {
        let longer = combinations.iter().flat_map(|earlier| {
            values.iter().map(move |value| {
                let mut combination: BTreeMap<&str, &toml::Value> = earlier.clone();
                combination.insert(path, value);
                combination
            })
        });
        combinations = longer.take(RUNS + 1).collect();
    }
    let replicas = usize::try_from(scenario.replicas).unwrap_or(RUNS + 1);
    if combinations.len().saturating_mul(replicas) > RUNS {
        let message = format!("these are more than {RUNS} runs: vary less");
        return Err(vec![Wrong::at_path(text, "sweep", message)]);
    }
    let mut runs = Vec::new();
    for combination in combinations {
        let varied = combination
            .iter()
            .map(|(path, value)| ((*path).to_owned(), plain(value)))
            .collect();
        let with = set(&scenario, text, &combination)?;
        for seed in scenario.seed..scenario.seed + scenario.replicas {
            let mut scenario = with.clone();
            scenario.seed = seed;
            runs.push(Run {
                varied: Varied::clone(&varied),
                scenario,
            });
        }
    }
    Ok(runs)
}

/// The scenario with these values in place of its own, without its sweep and replicas.
fn set(
    scenario: &Scenario,
    text: &str,
    values: &BTreeMap<&str, &toml::Value>,
) -> Result<Scenario, Vec<Wrong>> {
    let mut plain = scenario.clone();
    plain.sweep.clear();
    plain.replicas = 1;
    let wrong =
        |path: &str, message: String| vec![Wrong::at_path(text, &format!("sweep.{path}"), message)];
    let mut whole = toml::Value::try_from(&plain).map_err(|error| wrong("", error.to_string()))?;
    for (path, value) in values {
        let mut place = Some(&mut whole);
        for part in path.split('.') {
            place = place.and_then(|place| match place {
                toml::Value::Array(array) => part
                    .parse::<usize>()
                    .ok()
                    .and_then(|number| array.get_mut(number)),
                other => other.get_mut(part),
            });
        }
        let Some(place) = place else {
            return Err(wrong(path, format!("there is no `{path}` in a scenario")));
        };
        *place = (*value).clone();
    }
    let paths = values.keys().copied().collect::<Vec<_>>().join(", ");
    let scenario: Scenario = whole
        .try_into()
        .map_err(|error: toml::de::Error| wrong(&paths, error.message().to_owned()))?;
    match crate::check::check(&scenario).into_iter().next() {
        None => Ok(scenario),
        Some((_, message)) => Err(wrong(&paths, message)),
    }
}

fn plain(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FILE: &str = "engine = \"model\"\nreplicas = 3\n[[site]]\nname = \"a\"\nnodes = [{ role = \"client\", count = 9 }]\n[sweep]\n";

    #[test]
    fn all_combinations_with_all_seeds() {
        let text =
            format!("{FILE}\"kademlia.replication\" = [5, 10]\n\"network.loss\" = [0.0, 0.1]\n");
        let runs = runs(&text).unwrap();
        assert_eq!(runs.len(), 2 * 2 * 3);
        assert_eq!(runs[11].scenario.kademlia.replication, 10);
        assert_eq!(runs[11].scenario.seed, 3);
        assert_eq!(runs[11].varied["network.loss"], "0.1");
        assert!(runs[11].scenario.sweep.is_empty());
    }

    #[test]
    fn a_path_that_does_not_exist_is_named_with_its_line() {
        let wrong = runs(&format!("{FILE}\"kademlia.replicas\" = [5]\n")).unwrap_err();
        assert!(wrong[0].message.contains("kademlia.replicas"));
        let wrong = runs(&format!("{FILE}\"kademlia.replication\" = [500]\n")).unwrap_err();
        assert!(wrong[0].message.contains("k is from"), "{wrong:?}");
    }
}
