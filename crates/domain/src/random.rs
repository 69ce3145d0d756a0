//! Randomness, handed in so that a test can repeat a run.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};

/// A source of unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes`.
    ///
    /// # Errors
    ///
    /// [`NoEntropy`] when the source can't deliver; nothing may be issued then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The randomness of the operating system.
#[derive(Debug, Default)]
pub struct System(SystemRandom);

impl System {
    /// A handle on the system's generator.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(bytes).map_err(|_| NoEntropy)
    }
}

/// The random source failed.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system's random source failed")]
pub struct NoEntropy;

/// `N` fresh random bytes.
pub(crate) fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}
