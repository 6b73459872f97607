// POCO's Data::SQLite: Session::begin().
#include <Poco/Data/SQLite/Connector.h>
#include <Poco/Data/Session.h>
#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

using namespace Poco::Data::Keywords;
using Poco::Data::Session;

static const int nothing = -1;

// One transaction that reads the number, calls change, and writes what that returns, unless it is nothing.
static void transact(Session &session, const std::function<int(int)> &change)
{
	session.begin();
	try {
		int number = 0;
		session << "SELECT n FROM counter WHERE id = 1", into(number), now;
		number = change(number);
		if (number != nothing)
			session << "UPDATE counter SET n = ? WHERE id = 1", use(number), now;
		session.commit();
	} catch (...) {
		if (session.isTransaction())
			session.rollback();
		throw;
	}
}

static void wait_for_line()
{
	std::string line;

	std::getline(std::cin, line);
}

static int one_more(int number)
{
	std::this_thread::sleep_for(std::chrono::milliseconds(5));
	return number + 1;
}

static int stay(int)
{
	std::cout << "held" << std::endl;
	wait_for_line();
	return nothing;
}

static void race(Session &session, int count)
{
	int done = 0, failed = 0, first = 0;

	for (int turn = 0; turn < count; turn++) {
		try {
			transact(session, one_more);
			done++;
		} catch (const Poco::Exception &error) {
			if (failed++ == 0)
				std::cerr << error.displayText() << std::endl;
			first += turn == 0;
		}
	}
	std::cout << "done " << done << " failed " << failed << " first " << first << std::endl;
}

int main(int, char **arguments)
{
	const std::string scene = arguments[2];
	const int count = std::stoi(arguments[3]);

	Poco::Data::SQLite::Connector::registerConnector();
	Session session("SQLite", arguments[1]);
	std::cout << "ready" << std::endl;
	wait_for_line();
	if (scene == "race") {
		race(session, count);
		return 0;
	}
	for (int turn = 0; turn < count; turn++) {
		if (turn)
			wait_for_line();
		transact(session, stay);
		std::cout << "ended" << std::endl;
	}
}
