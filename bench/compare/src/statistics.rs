/// The value that half of them do not exceed.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share of them do not exceed.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(f64::NAN)
}

/// The median of the ratios of what was measured in the same rounds.
pub(crate) fn ratio(above: &[f64], below: &[f64]) -> f64 {
    median(&above.iter().zip(below).map(|(above, below)| above / below).collect::<Vec<_>>())
}

/// Three digits that count, with a comma for each thousand: `0.0123`, `4.57`, `45.7`, `457`, `45,700`.
pub(crate) fn digits(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs().log10().floor() as i32;
    let decimals = (2 - size).clamp(0, 6) as usize;
    let unit = 10f64.powi((size - 2).max(0));
    grouped(&format!("{:.decimals$}", (value / unit).round_if(unit > 1.0) * unit))
}

/// A round value without zeros that say nothing.
pub(crate) fn short(value: f64) -> String {
    let text = digits(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

trait RoundIf {
    fn round_if(self, condition: bool) -> f64;
}

impl RoundIf for f64 {
    fn round_if(self, condition: bool) -> f64 {
        if condition { self.round() } else { self }
    }
}

/// With a comma for each thousand.
pub(crate) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    rest.map_or(out.clone(), |rest| format!("{out}.{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(&[3.0, 1.0, 2.0], 1.0), 3.0);
        assert_eq!(ratio(&[2.0, 9.0, 8.0], &[1.0, 3.0, 2.0]), 3.0);
    }

    #[test]
    fn three_digits_count() {
        for (value, text) in
            [(0.01234, "0.0123"), (4.567, "4.57"), (45.67, "45.7"), (456.7, "457"), (45_678.0, "45,700")]
        {
            assert_eq!(digits(value), text);
        }
        assert_eq!(digits(-0.0), "0");
        assert_eq!(digits(1_234_567.0), "1,230,000");
        assert_eq!([0.0, 0.1, 2.5, 40_000.0].map(short), ["0", "0.1", "2.5", "40,000"]);
    }
}
