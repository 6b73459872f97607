# Active Record as Rails before 8 has it: transaction, which sends `begin transaction` (6.1) or `begin deferred transaction`.
require "active_record"
require_relative "transact"

ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ARGV[0], timeout: 5000)

class Counter < ActiveRecord::Base
  self.table_name = "counter"
end

run_transactions(lambda do |change|
  Counter.transaction do
    counter = Counter.find(1)
    number = change.call(counter.n)
    counter.update!(n: number) if number
  end
end)
