#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::sync::LazyLock;

use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::*;
use crate::config::StoreSettings;
use crate::store::{Feedback, FeedbackKind, Occasion};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

const WEIGHT: f32 = 0.3;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(day * SECONDS_A_DAY).unwrap()
}

/// A day on which all are asked.
const TODAY: i64 = 20_000;

fn voice(solved: Option<i64>, attached: Option<i64>, dismissed: Option<i64>) -> Voice {
    Voice { solved: solved.map(at), attached: attached.map(at), dismissed: dismissed.map(at) }
}

/// With as many occasions saying the same about the article "a".
fn with(occasions: usize, voice: Voice) -> Usefulness {
    let usefulness = Usefulness::new(&SearchSettings::default());
    let change = VoiceChange { article_id: "a".into(), before: Voice::default(), after: voice };
    usefulness.apply(std::iter::repeat_n(change, occasions));
    usefulness
}

#[test]
fn four_tickets_that_an_article_solved_earn_it_a_third_of_the_weight() {
    let solved = with(4, voice(Some(TODAY), None, None));
    assert!((solved.bonus("a", at(TODAY)) - WEIGHT / 3.0).abs() < 1e-6);
    let dismissed = with(4, voice(None, None, Some(TODAY)));
    assert!((dismissed.bonus("a", at(TODAY)) + WEIGHT / 3.0).abs() < 1e-6);
    assert_eq!(dismissed.bonus("another", at(TODAY)), 0.0);
}

#[test]
fn an_article_that_was_sent_and_solved_has_one_voice_for_it_and_one_that_was_only_sent_half_a_one() {
    let both = with(3, voice(Some(TODAY), Some(TODAY - 9), None));
    assert_eq!(both.of("a", at(TODAY)), with(3, voice(Some(TODAY), None, None)).of("a", at(TODAY)));
    let sent = with(6, voice(None, Some(TODAY), None));
    assert_eq!(sent.of("a", at(TODAY)), both.of("a", at(TODAY)));
}

#[test]
fn a_voice_has_half_its_weight_after_a_half_life_and_never_more_than_a_whole_one() {
    let old = with(8, voice(Some(TODAY - 180), None, None));
    let fresh = with(4, voice(Some(TODAY), None, None));
    assert_eq!(old.of("a", at(TODAY)), fresh.of("a", at(TODAY)));
    let of_tomorrow = with(4, voice(Some(TODAY + 9_000), None, None));
    assert_eq!(of_tomorrow.of("a", at(TODAY)), fresh.of("a", at(TODAY)));
}

#[test]
fn a_bonus_counts_in_standard_deviations_whatever_the_scale_of_the_scores() {
    let usefulness = with(4, voice(Some(TODAY), None, None));
    for scale in [1.0, 60.0] {
        let mut scores = vec![("a".to_owned(), -scale), ("b".to_owned(), scale)];
        usefulness.add_to(&mut scores, at(TODAY));
        assert!((scores[0].1 - (0.1 - 1.0) * scale).abs() < 1e-4 * scale, "{scores:?}");
        assert_eq!(scores[1].1, scale);
    }
    let mut alone = vec![("a".to_owned(), 2.0)];
    usefulness.add_to(&mut alone, at(TODAY));
    assert_eq!(alone[0].1, 2.0);
    usefulness.add_to(&mut [], at(TODAY));
}

fn words() -> impl Strategy<Value = Vec<Feedback>> {
    let kinds = [FeedbackKind::Viewed, FeedbackKind::Attached, FeedbackKind::Solved, FeedbackKind::Dismissed];
    let word = (0..5u8, any::<bool>(), 0..2u8, prop::sample::select(kinds.to_vec()), -800i64..30);
    let word = word.prop_map(|(number, ticket, article, kind, days)| Feedback {
        occasion: if ticket {
            Occasion::Ticket(number.to_string())
        } else {
            Occasion::Own(number.to_string())
        },
        article_id: article.to_string(),
        kind,
        at: at(TODAY + days),
    });
    prop::collection::vec(word, 1..12)
}

/// A store in a folder of its own, and what is in memory beside it.
struct Kept {
    store: Store,
    usefulness: Usefulness,
    _folder: tempfile::TempDir,
}

impl Kept {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), &StoreSettings::default()).await.unwrap();
        Self { store, usefulness: Usefulness::new(&SearchSettings::default()), _folder: folder }
    }

    async fn say(&self, word: &Feedback) -> bool {
        let written = self.store.say(word).await.unwrap();
        self.usefulness.apply(written.voices);
        written.changed
    }

    async fn take_back(&self, word: &Feedback) {
        self.usefulness.apply(self.store.take_back(word).await.unwrap().voices);
    }

    fn said(&self) -> HashMap<String, Days> {
        self.usefulness.said.read().unwrap().clone()
    }
}

proptest! {
    #[test]
    fn whatever_was_said_the_bonus_stays_within_the_weight(
        solved in 0i64..1_000_000, attached in 0i64..1_000_000, dismissed in 0i64..1_000_000,
        days in -4_000i64..400,
    ) {
        let usefulness = Usefulness::new(&SearchSettings::default());
        let said = Said { halves_for: 2 * solved + attached, against: dismissed };
        usefulness.said.write().unwrap().insert("a".into(), Days::from([(TODAY + days, said)]));
        let bonus = usefulness.bonus("a", at(TODAY));
        prop_assert!(bonus.abs() <= WEIGHT, "{}", bonus);
        prop_assert!((0.0..=1.0).contains(&usefulness.of("a", at(TODAY))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn the_order_of_feedback_does_not_matter_and_undoing_gives_exactly_the_state_before(
        (words, shuffled) in words().prop_flat_map(|words| (Just(words.clone()), Just(words).prop_shuffle())),
        last in words(),
    ) {
        RUNTIME.block_on(async {
            let (one, other) = (Kept::new().await, Kept::new().await);
            for word in &words {
                one.say(word).await;
            }
            for word in &shuffled {
                other.say(word).await;
            }
            let before = one.said();
            prop_assert_eq!(&before, &other.said());
            for id in ["0", "1"] {
                prop_assert!(one.usefulness.bonus(id, at(TODAY)).abs() <= WEIGHT);
                prop_assert_eq!(
                    one.store.feedback_counts(id).await.unwrap(),
                    other.store.feedback_counts(id).await.unwrap()
                );
            }

            let last = &last[0];
            let known = words.iter().any(|word| {
                (&word.occasion, &word.article_id, word.kind) == (&last.occasion, &last.article_id, last.kind)
            });
            if !known {
                prop_assert!(one.say(last).await);
                prop_assert!(!one.say(last).await);
                one.take_back(last).await;
                prop_assert_eq!(&before, &one.said());
            }
            let loaded = Usefulness::load(&one.store, &SearchSettings::default()).await.unwrap();
            prop_assert_eq!(&before, &*loaded.said.read().unwrap());
            for word in &words {
                one.take_back(word).await;
            }
            prop_assert!(one.said().is_empty());
            Ok(())
        })?;
    }
}
