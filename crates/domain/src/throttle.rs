//! Limits on guessing, on mail and on what is kept for strangers: per account, per address, and per account and address; bounded in memory.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use ipnet::Ipv6Net;
use quick_cache::sync::Cache;

/// The limits on attempts that could be guesses.
///
/// Three buckets are charged before a password is looked at: the address (spraying), the account (a guess spread over
/// many addresses), and the two together (so that one address can't use up the account's bucket quickly). A success
/// refills the two that name the account.
#[derive(Debug)]
pub struct Throttle {
    enabled: bool,
    hasher: RandomState,
    addresses: Buckets,
    accounts: Buckets,
    pairs: Buckets,
    signups: Buckets,
    mail_addresses: Buckets,
    recipients: Buckets,
    mails: Buckets,
    notices: Buckets,
    links: Buckets,
    departures: Buckets,
    all_departures: Buckets,
}

impl Throttle {
    /// The limits; with `enabled` false there are none.
    pub fn new(enabled: bool) -> Self {
        Self {
            enabled,
            hasher: RandomState::new(),
            addresses: Buckets::new(100, Duration::from_secs(5)),
            accounts: Buckets::new(50, Duration::from_secs(30)),
            pairs: Buckets::new(10, Duration::from_secs(10)),
            signups: Buckets::new(100, Duration::from_secs(10)),
            mail_addresses: Buckets::new(20, Duration::from_secs(30)),
            recipients: Buckets::new(5, Duration::from_secs(600)),
            mails: Buckets::new(1000, Duration::from_millis(200)),
            notices: Buckets::new(10, Duration::from_secs(600)),
            links: Buckets::new(100, Duration::from_secs(5)),
            departures: Buckets::new(60, Duration::from_secs(5)),
            all_departures: Buckets::new(20_000, Duration::from_millis(10)),
        }
    }

    /// Charges one guess at `account` from `address`: the key of an identifier, known or not, where someone logs in, and
    /// the user's id where someone confirms. The two never meet: nobody can use up or refill one by way of the other.
    ///
    /// # Errors
    ///
    /// How long to wait, when a bucket is empty.
    pub fn guess<K: Hash + Copy>(&self, account: K, address: Option<IpAddr>) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        let network = address.map(network);
        self.pairs.take(self.hasher.hash_one((account, network)))?;
        if network.is_some() {
            self.addresses.take(self.hasher.hash_one(network))?;
        }
        self.accounts.take(self.hasher.hash_one(account))
    }

    /// Forgets the guesses at `account` that a right password has answered.
    pub fn success<K: Hash + Copy>(&self, account: K, address: Option<IpAddr>) {
        self.pairs.refill(self.hasher.hash_one((account, address.map(network))));
        self.accounts.refill(self.hasher.hash_one(account));
    }

    /// Charges one sign-up from `address`.
    ///
    /// # Errors
    ///
    /// How long to wait, when the bucket is empty.
    pub fn signup(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        match address {
            Some(address) if self.enabled => self.signups.take(self.hasher.hash_one(network(address))),
            _ => Ok(()),
        }
    }

    /// Charges one mail to `recipient` (an e-mail address's key, of an account or not) that someone at `address` asks for.
    ///
    /// # Errors
    ///
    /// How long to wait, when the bucket of the address, of the recipient or of all mail is empty.
    pub fn mail(&self, recipient: &str, address: Option<IpAddr>) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        if let Some(address) = address {
            self.mail_addresses.take(self.hasher.hash_one(network(address)))?;
        }
        self.recipients.take(self.hasher.hash_one(recipient))?;
        self.mails.take(0)
    }

    /// Charges one mail that a log-in causes. A bucket of its own: mails that strangers ask for must not crowd it out.
    ///
    /// # Errors
    ///
    /// How long to wait, when the recipient's bucket is empty.
    pub fn notice(&self, recipient: &str) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        self.notices.take(self.hasher.hash_one(recipient))
    }

    /// Charges one presented link to `address`.
    ///
    /// # Errors
    ///
    /// How long to wait, when the bucket is empty.
    pub fn link(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        match address {
            Some(address) if self.enabled => self.links.take(self.hasher.hash_one(network(address))),
            _ => Ok(()),
        }
    }

    /// Charges one log-in by way of a provider that someone at `address` begins: each is kept for ten minutes.
    ///
    /// # Errors
    ///
    /// How long to wait, when the bucket of the address or of all is empty.
    pub fn departure(&self, address: Option<IpAddr>) -> Result<(), Duration> {
        if !self.enabled {
            return Ok(());
        }
        if let Some(address) = address {
            self.departures.take(self.hasher.hash_one(network(address)))?;
        }
        self.all_departures.take(0)
    }
}

#[derive(Debug)]
struct Buckets {
    quota: Quota,
    buckets: Cache<u64, Arc<DefaultDirectRateLimiter>>,
}

impl Buckets {
    fn new(burst: u32, refill: Duration) -> Self {
        let quota = Quota::with_period(refill)
            .unwrap_or_else(|| Quota::per_minute(NonZeroU32::MIN))
            .allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN));
        Self { quota, buckets: Cache::new(MOST_BUCKETS) }
    }

    fn take(&self, key: u64) -> Result<(), Duration> {
        let bucket =
            self.buckets.get_or_insert_with(&key, || Ok::<_, Duration>(Arc::new(RateLimiter::direct(self.quota))))?;
        bucket.check().map_err(|denied| denied.wait_time_from(DefaultClock::default().now()))
    }

    fn refill(&self, key: u64) {
        self.buckets.remove(&key);
    }
}

/// What counts as one address: an IPv4 address, or the /64 that one IPv6 customer is given at least.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Net::new_assert(v6, 64).network()),
    }
}

/// Buckets kept of each kind, about 100 bytes each; the least used go first.
const MOST_BUCKETS: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn one_address_guesses_at_one_account_ten_times() {
        let throttle = Throttle::new(true);
        for _ in 0..10 {
            throttle.guess("kim", address("192.0.2.1")).unwrap();
        }
        let wait = throttle.guess("kim", address("192.0.2.1")).unwrap_err();
        assert!(wait <= Duration::from_secs(10));
        throttle.guess("kim", address("192.0.2.2")).unwrap();
        throttle.guess("lee", address("192.0.2.1")).unwrap();
    }

    #[test]
    fn many_addresses_share_the_bucket_of_one_account() {
        let throttle = Throttle::new(true);
        let guesses = (0..=255u8).map(|n| throttle.guess("kim", Some(IpAddr::from([192, 0, 2, n]))));
        assert_eq!(guesses.filter(Result::is_ok).count(), 50);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let throttle = Throttle::new(true);
        let guesses = (0..200).map(|n| throttle.guess(&format!("user{n}"), address(&format!("2001:db8::{n:x}"))));
        assert_eq!(guesses.filter(Result::is_ok).count(), 100);
        throttle.guess("kim", address("2001:db8:0:1::1")).unwrap();
    }

    #[test]
    fn an_ipv4_address_written_as_ipv6_is_the_same_address() {
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), IpAddr::from([192, 0, 2, 1]));
    }

    #[test]
    fn a_right_password_forgives() {
        let throttle = Throttle::new(true);
        for _ in 0..30 {
            throttle.guess("kim", address("192.0.2.1")).unwrap();
            throttle.success("kim", address("192.0.2.1"));
        }
    }

    #[test]
    fn one_mailbox_is_not_bombed_from_many_addresses() {
        let throttle = Throttle::new(true);
        let mails = (0..=255u8).map(|n| throttle.mail("kim@example.com", Some(IpAddr::from([192, 0, 2, n]))));
        assert_eq!(mails.filter(Result::is_ok).count(), 5);
        throttle.mail("lee@example.com", address("192.0.2.1")).unwrap();
        throttle.notice("kim@example.com").unwrap();
    }

    #[test]
    fn one_address_does_not_send_mail_to_the_world() {
        let throttle = Throttle::new(true);
        let mails = (0..100).map(|n| throttle.mail(&format!("user{n}@example.com"), address("192.0.2.1")));
        assert_eq!(mails.filter(Result::is_ok).count(), 20);
    }

    #[test]
    fn all_together_send_no_more_than_the_server_should() {
        let throttle = Throttle::new(true);
        let from = |n: u32| Some(IpAddr::from((0x0a00_0000 + n).to_be_bytes()));
        let mails = (0..3000).map(|n| throttle.mail(&format!("user{n}@example.com"), from(n)));
        // A few come back while the test runs.
        assert!((1000..1500).contains(&mails.filter(Result::is_ok).count()));
    }

    #[test]
    fn one_address_begins_so_many_log_ins_at_providers() {
        let throttle = Throttle::new(true);
        let departures = (0..100).map(|_| throttle.departure(address("192.0.2.1")));
        assert_eq!(departures.filter(Result::is_ok).count(), 60);
        throttle.departure(address("192.0.2.2")).unwrap();
        throttle.departure(None).unwrap();
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(true);
        for n in 0..3 * MOST_BUCKETS {
            let _ = throttle.guess(&n.to_string(), None);
        }
        assert!(throttle.accounts.buckets.len() <= MOST_BUCKETS);
    }

    #[test]
    fn switched_off_there_is_no_limit() {
        let throttle = Throttle::new(false);
        for _ in 0..1000 {
            throttle.guess("kim", address("192.0.2.1")).unwrap();
            throttle.mail("kim@example.com", address("192.0.2.1")).unwrap();
        }
    }
}
