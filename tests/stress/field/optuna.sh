# Optuna: a study in one file, four processes that try at once.
cat >o.py <<'P'
import multiprocessing, sys, warnings
warnings.simplefilter("ignore")
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
url = "sqlite:///study.db"
def work(seed):
    study = optuna.load_study(study_name="s", storage=url, sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2 + trial.suggest_int("n", 0, 3), n_trials=15)
if __name__ == "__main__":
    optuna.create_study(study_name="s", storage=url)
    workers = [multiprocessing.get_context("spawn").Process(target=work, args=(seed,)) for seed in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()
    print("ended", [worker.exitcode for worker in workers])
    study = optuna.load_study(study_name="s", storage=url)
    print("trials", len(study.trials), "complete", sum(t.state.name == "COMPLETE" for t in study.trials))
P
$with python -B o.py
$nobody sqlite3 -readonly study.db 'SELECT count(DISTINCT number), count(*) FROM trials'
