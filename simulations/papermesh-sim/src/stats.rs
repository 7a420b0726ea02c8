//! Means, intervals, quantiles, and the test whether two things are the same.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// A mean and by how much it may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mean {
    /// The mean.
    pub(crate) mean: f64,
    /// Half the width of its interval; nothing is known of that with fewer than two values.
    pub(crate) half: Option<f64>,
}

/// The mean of values of independent runs with the interval that has the true one with this confidence (Student).
pub(crate) fn mean(values: &[f64], confidence: f64) -> Mean {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    if values.len() < 2 {
        return Mean { mean, half: None };
    }
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    let quantile = StudentsT::new(0.0, 1.0, count - 1.0).map_or(f64::INFINITY, |student| {
        student.inverse_cdf(0.5 + confidence / 2.0)
    });
    Mean {
        mean,
        half: Some(quantile * (variance / count).sqrt()),
    }
}

/// The value below which this share of sorted values lies: the nearest rank.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted
        .get(rank.min(sorted.len()).saturating_sub(1))
        .copied()
        .unwrap_or(f64::NAN)
}

/// Whether relative differences of pairs are within a bound with 95 % confidence: two one-sided t-tests (Schuirmann 1987),
/// which is the same as whether the 90 % interval lies within the bound.
pub(crate) fn equivalent(differences: &[f64], bound: f64) -> (Mean, bool) {
    let mean = mean(differences, 0.90);
    let within = mean.half.is_some_and(|half| mean.mean.abs() + half < bound);
    (mean, within)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        // t for 4 degrees of freedom and 95 %: 2.776.
        let Mean { mean, half } = mean(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.95);
        let expected = 2.776 * (2.5_f64 / 5.0).sqrt();
        assert_eq!(mean, 3.0);
        assert!(half.is_some_and(|half| (half - expected).abs() < 1e-3));
        assert_eq!(super::mean(&[7.0], 0.95).half, None);
    }

    #[test]
    fn quantiles_are_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            (
                quantile(&values, 0.5),
                quantile(&values, 0.99),
                quantile(&values, 1.0)
            ),
            (50.0, 99.0, 100.0)
        );
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn small_and_certain_differences_are_equivalent() {
        assert!(equivalent(&[0.01, 0.02, 0.01, 0.015], 0.05).1);
        assert!(!equivalent(&[0.06, 0.061, 0.059], 0.05).1);
        assert!(!equivalent(&[0.2, -0.2, 0.1, -0.1], 0.05).1);
        assert!(!equivalent(&[0.0], 0.05).1);
    }
}
