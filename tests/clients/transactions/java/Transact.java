// What every Java program here does with its framework's own transaction, as python/transact.py says it for Python.
import java.io.IOException;
import java.util.function.IntFunction;

abstract class Transact {
	/** One transaction that reads the number, calls change, and writes what that returns, unless it is null. */
	abstract void transact(IntFunction<Integer> change) throws Exception;

	private static void say(Object... words) {
		StringBuilder line = new StringBuilder();
		for (Object word : words)
			line.append(line.length() > 0 ? " " : "").append(word);
		System.out.println(line);
		System.out.flush();
	}

	private static void waitForLine() {
		try {
			for (int read; (read = System.in.read()) != -1 && read != '\n';);
		} catch (IOException error) {
			throw new IllegalStateException(error);
		}
	}

	private static Integer oneMore(int number) {
		try {
			Thread.sleep(5);
		} catch (InterruptedException error) {
			throw new IllegalStateException(error);
		}
		return number + 1;
	}

	private static Integer stay(int number) {
		say("held");
		waitForLine();
		return null;
	}

	void run(String scene, int count) throws Exception {
		int done = 0, failed = 0, first = 0;
		say("ready");
		waitForLine();
		for (int turn = 0; turn < count; turn++) {
			if (scene.equals("stay")) {
				if (turn > 0)
					waitForLine();
				transact(Transact::stay);
				say("ended");
				continue;
			}
			try {
				transact(Transact::oneMore);
				done++;
			} catch (Exception error) {
				failed++;
				first += turn == 0 ? 1 : 0;
				if (failed == 1)
					System.err.println(error);
			}
		}
		if (scene.equals("race"))
			say("done", done, "failed", failed, "first", first);
	}
}
