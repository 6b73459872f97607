# Sequel's transaction.
require "sequel"
require_relative "transact"

DB = Sequel.sqlite(ARGV[0])
counter = DB[:counter].where(id: 1)

run_transactions(lambda do |change|
  DB.transaction do
    number = change.call(counter.get(:n))
    counter.update(n: number) if number
  end
end)
