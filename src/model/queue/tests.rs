#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

fn job(tokens: usize) -> (Job, oneshot::Receiver<Reply>) {
    let (reply, receiver) = oneshot::channel();
    let tokens = Tokens { ids: vec![1; tokens], type_ids: vec![0; tokens], truncated: false };
    (Job { tokens, reply }, receiver)
}

fn batch(queue: &Queue, budget: usize) -> Vec<Job> {
    match queue.take(budget, None) {
        Some(Task::Read(jobs)) => jobs,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_back() {
    let queue = Queue::new(100, 1);
    queue.finish(&Arc::default(), 100, Duration::from_secs(2));
    let (first, _keep) = job(80);
    queue.push(vec![first]).unwrap();
    let (second, _keep) = job(120);
    let refused = queue.push(vec![second]).unwrap_err();
    // A hundred tokens too many, at fifty a second.
    assert!(matches!(refused, ModelError::Overloaded { retry_after_s: 2 }), "{refused}");
    assert_eq!(queue.queued_tokens(), 80);
}

#[test]
fn an_empty_queue_admits_a_request_larger_than_its_bound() {
    let queue = Queue::new(100, 1);
    let (large, _keep) = job(500);
    queue.push(vec![large]).unwrap();
}

#[test]
fn a_job_whose_caller_has_gone_costs_nothing() {
    let queue = Queue::new(100, 1);
    let (gone, receiver) = job(10);
    drop(receiver);
    let (wanted, _keep) = job(20);
    queue.push(vec![gone, wanted]).unwrap();
    let batch = batch(&queue, 1);
    assert_eq!(batch.len(), 1);
    assert_eq!(batch[0].tokens.ids.len(), 20);
    assert_eq!(queue.queued_tokens(), 0);
}

#[test]
fn requests_pass_bulk_work() {
    let queue = Queue::new(100, 1);
    let (bulk, _keep) = job(5);
    queue.push_bulk(vec![bulk]).unwrap();
    let (request, _keep_too) = job(7);
    queue.push(vec![request]).unwrap();
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 7);
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 5);
}

#[test]
fn what_can_be_done_without_is_refused_where_requests_and_bulk_work_fill_the_queue_and_lets_requests_pass() {
    let queue = Queue::new(100, 1);
    let (spare, _keep) = job(60);
    queue.push_spare(vec![spare]).unwrap();
    let (request, _keep_too) = job(30);
    queue.push(vec![request]).unwrap();
    let (more, _gone) = job(11);
    assert!(matches!(queue.push_spare(vec![more]), Err(ModelError::Overloaded { .. })));
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 30);
    assert_eq!(batch(&queue, 1)[0].tokens.ids.len(), 60);
}

#[test]
fn a_worker_takes_about_its_budget() {
    let queue = Queue::new(1_000, 1);
    let (jobs, _keep): (Vec<_>, Vec<_>) = (0..10).map(|_| job(30)).unzip();
    queue.push(jobs).unwrap();
    assert_eq!(batch(&queue, 100).len(), 4);
}

#[test]
fn a_lone_text_calls_idle_workers_to_help_until_it_is_read() {
    let queue = Queue::new(100, 2);
    let leader = Arc::new(Team::default());
    std::thread::scope(|scope| {
        let helper = scope.spawn(|| queue.take(100, None));
        while queue.lock().idle == 0 {
            std::thread::yield_now();
        }
        // Put in without waking the helper, who would take it himself.
        let (text, _keep) = job(40);
        let mut state = queue.lock();
        state.interactive.push_back(text);
        state.interactive_tokens += 40;
        drop(state);
        assert!(matches!(queue.take(100, Some(&leader)), Some(Task::Read(_))));
        assert!(matches!(helper.join().unwrap(), Some(Task::Help(team)) if Arc::ptr_eq(&team, &leader)));
        queue.finish(&leader, 40, Duration::from_millis(1));
        assert!(queue.lock().teams.is_empty());
    });
}

#[test]
fn a_closed_queue_works_off_what_it_accepted() {
    let queue = Queue::new(100, 1);
    let (accepted, _keep) = job(10);
    queue.push(vec![accepted]).unwrap();
    queue.close();
    let (late, _keep) = job(10);
    assert!(matches!(queue.push(vec![late]), Err(ModelError::Stopped)));
    assert_eq!(batch(&queue, 100).len(), 1);
    assert!(queue.take(100, None).is_none());
}
