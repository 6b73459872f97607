# Active Record in four threads of one process, as under Puma, with a connection each. Ruby's sqlite3 keeps Ruby's lock in its calls, so
# that no other thread runs while one waits there.
require "active_record"
require_relative "transact"

THREADS = 4
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ARGV[0], timeout: 1000, pool: THREADS)

class Counter < ActiveRecord::Base
  self.table_name = "counter"
end

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

def transact
  Counter.connection_pool.with_connection do
    Counter.transaction do
      counter = Counter.find(1)
      sleep 0.005
      counter.update!(n: counter.n + 1)
    end
  end
  true
rescue ActiveRecord::StatementInvalid
  false
end

count = ARGV[2].to_i
Counter.columns
Counter.connection_handler.clear_active_connections!
standstill = 0
Thread.new do
  loop do
    before = now
    sleep 0.01
    standstill = [standstill, now - before].max
  end
end
threads = THREADS.times.map { Thread.new { count.times.count { transact } } }
done = threads.sum(&:value)
say "done", done, "failed", THREADS * count - done, "standstill", (standstill * 1000).round, "lost", done - Counter.find(1).n
