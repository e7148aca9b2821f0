//! Money in the campus currency: whole cents inside, a decimal number with at most two decimals in the API.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FieldFault;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(i64);

/// Largest amount, in cents. Far above any award or pay rate, far below the integers that an f64 represents exactly.
const MAX_CENTS: i64 = 100_000_000_000;

impl Money {
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents)
    }

    pub const fn cents(self) -> i64 {
        self.0
    }

    pub fn from_decimal(amount: f64) -> Result<Self, FieldFault> {
        let cents = (amount * 100.0).round();
        if !amount.is_finite() || cents.abs() > MAX_CENTS as f64 {
            return Err(FieldFault::NotAnAmount);
        }
        // An amount with two decimals as an f64 is off by far less than one part in a billion.
        if (amount * 100.0 - cents).abs() > 1e-9 * cents.abs().max(1.0) {
            return Err(FieldFault::TooManyDecimals { max: 2 });
        }
        Ok(Self(cents as i64))
    }

    pub fn to_decimal(self) -> f64 {
        self.0 as f64 / 100.0
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            serializer.serialize_i64(self.0)
        } else if self.0 % 100 == 0 {
            serializer.serialize_i64(self.0 / 100)
        } else {
            serializer.serialize_f64(self.to_decimal())
        }
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Self::from_decimal(f64::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_decimals_are_refused() {
        assert!(Money::from_decimal(19.205).is_err());
        assert!(Money::from_decimal(1e-9).is_err());
        assert_eq!(Money::from_decimal(0.1 + 0.2), Ok(Money::from_cents(30)));
        assert!(Money::from_decimal(f64::NAN).is_err());
        assert!(Money::from_decimal(1e300).is_err());
        assert_eq!(Money::from_decimal(19.2), Ok(Money::from_cents(1920)));
    }

    proptest! {
        #[test]
        fn cents_round_trip_through_json_and_storage(cents in -MAX_CENTS..MAX_CENTS) {
            let money = Money::from_cents(cents);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
            let stored = rmp_serde::to_vec_named(&money).unwrap();
            prop_assert_eq!(rmp_serde::from_slice::<Money>(&stored).unwrap(), money);
        }
    }
}
