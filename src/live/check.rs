//! When a board that leaves orders out compares itself with what the server has:
//! pure. The server's count is of all orders, and says nothing to such a board.
//!
//! Only an answer of the very position where the board stands can be compared. On
//! a busy board most answers are a change ahead or behind; then it is asked again
//! soon, and less and less soon.

/// How often it compares itself.
const EVERY_MS: i64 = 120_000;
/// How soon again after an answer of another position, at first.
const AGAIN_MS: i64 = 8_000;

/// When it does so next.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    due_at: i64,
    again: i64,
}

impl Check {
    /// The board is what the server had at `now`.
    #[must_use]
    pub fn new(now: i64) -> Self {
        Self { due_at: now + EVERY_MS, again: AGAIN_MS }
    }

    /// Whether it is due at `now`, and is done.
    pub fn is_due(&mut self, now: i64) -> bool {
        // A clock that was set back holds nothing up.
        let due = now >= self.due_at || self.due_at - now > EVERY_MS;
        if due {
            self.due_at = now + EVERY_MS;
        }
        due
    }

    /// Whether an answer of position `there` can be compared with the board, which
    /// stands at `here`. If not, it is due again at an early moment.
    pub fn compares(&mut self, here: &str, there: &str, now: i64) -> bool {
        if here == there {
            self.again = AGAIN_MS;
            return true;
        }
        self.due_at = now + self.again;
        self.again = (2 * self.again).min(EVERY_MS);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_board_compares_itself_now_and_then() {
        let mut check = Check::new(0);
        assert!(!check.is_due(119_999));
        assert!(check.is_due(120_000));
        assert!(check.compares("9f3a01c4-41", "9f3a01c4-41", 120_050));
        assert!(!check.is_due(239_999));
        assert!(check.is_due(240_000));
    }

    #[test]
    fn an_answer_of_another_position_is_asked_for_again_soon_and_less_and_less_soon() {
        let mut check = Check::new(0);
        let mut now = 120_000;
        let mut waits = Vec::new();
        for there in ["9f3a01c4-40", "9f3a01c4-42", "00000001-41", "9f3a01c4-40", "9f3a01c4-40"] {
            assert!(check.is_due(now));
            assert!(!check.compares("9f3a01c4-41", there, now));
            let before = now;
            while !check.is_due(now) {
                now += 1_000;
            }
            waits.push((now - before) / 1_000);
            check.due_at = now;
        }
        assert_eq!(waits, [8, 16, 32, 64, 120]);
        assert!(check.is_due(now) && check.compares("9f3a01c4-41", "9f3a01c4-41", now));
        now += 120_000;
        assert!(check.is_due(now) && !check.compares("9f3a01c4-41", "9f3a01c4-40", now));
        assert!(!check.is_due(now + 7_999) && check.is_due(now + 8_000));
    }

    #[test]
    fn a_clock_that_was_set_back_holds_nothing_up() {
        let mut check = Check::new(10_000_000);
        assert!(check.is_due(1_000));
    }
}
