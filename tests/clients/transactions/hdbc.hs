-- HDBC-sqlite3: it begins when it connects, and again after each commit. (It is not disconnected: that fails after a statement that
-- failed.)
import Control.Concurrent (threadDelay)
import Control.Exception (SomeException, try, onException)
import Control.Monad (foldM, forM_, when)
import Database.HDBC
import Database.HDBC.Sqlite3 (Connection, connectSqlite3)
import System.Environment (getArgs)
import System.IO

-- One transaction that reads the number, calls change, and writes what that returns, unless it is Nothing.
transact :: Connection -> (Int -> IO (Maybe Int)) -> IO ()
transact db change = work `onException` rollback db
  where
    work = do
      rows <- quickQuery' db "SELECT n FROM counter WHERE id = 1" []
      number <- change (fromSql (head (head rows)))
      forM_ number $ \n -> run db "UPDATE counter SET n = ? WHERE id = 1" [toSql n]
      commit db

oneMore, stay :: Int -> IO (Maybe Int)
oneMore number = threadDelay 5000 >> return (Just (number + 1))
stay _ = putStrLn "held" >> getLine >> return Nothing

race :: Connection -> Int -> IO ()
race db count = do
  (done, failed, first) <- foldM turn (0, 0, 0) [0 .. count - 1]
  putStrLn (unwords ["done", show done, "failed", show failed, "first", show first])
  where
    turn :: (Int, Int, Int) -> Int -> IO (Int, Int, Int)
    turn (done, failed, first) at = do
      result <- try (transact db oneMore) :: IO (Either SomeException ())
      case result of
        Right () -> return (done + 1, failed, first)
        Left failure -> do
          when (failed == 0) (hPutStrLn stderr (show failure))
          return (done, failed + 1, first + fromEnum (at == 0))

main :: IO ()
main = do
  [database, scene, count] <- getArgs
  hSetBuffering stdout LineBuffering
  db <- connectSqlite3 database
  putStrLn "ready"
  _ <- getLine
  if scene == "race"
    then race db (read count)
    else forM_ [1 .. read count :: Int] $ \turn -> do
      when (turn > 1) (() <$ getLine)
      transact db stay
      putStrLn "ended"
