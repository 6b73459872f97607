# What every Ruby program here does with its library's own transaction, as python/transact.py says it for Python: transact(change) is
# one transaction that reads the number, calls change, and writes what that returns, unless it is nil.

def say(*words)
  puts words.join(" ")
  $stdout.flush
end

def run_transactions(transact)
  scene, count = ARGV[1], ARGV[2].to_i
  done = failed = first = 0
  say "ready"
  $stdin.gets
  count.times do |turn|
    if scene == "stay"
      $stdin.gets if turn > 0
      transact.call(lambda { |_| say "held"; $stdin.gets; nil })
      say "ended"
      next
    end
    begin
      transact.call(lambda { |number| sleep 0.005; number + 1 })
      done += 1
    rescue StandardError => error
      failed += 1
      first += 1 if turn == 0
      warn error.message if failed == 1
    end
  end
  say "done", done, "failed", failed, "first", first if scene == "race"
end
