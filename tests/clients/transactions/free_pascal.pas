{ Free Pascal's SQLdb: StartTransaction is called by the first query that is opened. }
program free_pascal;

{$mode objfpc}{$H+}

uses
  SysUtils, sqldb, sqlite3conn;

type
  TChange = function(Number: Integer): Integer;

const
  Nothing = -1;

var
  Connection: TSQLite3Connection;
  Transaction: TSQLTransaction;
  Query: TSQLQuery;

procedure Say(const Line: string);
begin
  WriteLn(Line);
  Flush(Output);
end;

procedure WaitForLine;
var
  Line: string;
begin
  ReadLn(Line);
end;

function OneMore(Number: Integer): Integer;
begin
  Sleep(5);
  Result := Number + 1;
end;

function Stay(Number: Integer): Integer;
begin
  Say('held');
  WaitForLine;
  Result := Nothing;
end;

{ One transaction that reads the number, calls Change, and writes what that returns, unless it is Nothing. }
procedure Transact(Change: TChange);
var
  Number: Integer;
begin
  try
    Query.SQL.Text := 'SELECT n FROM counter WHERE id = 1';
    Query.Open;
    Number := Change(Query.Fields[0].AsInteger);
    Query.Close;
    if Number <> Nothing then
    begin
      Query.SQL.Text := 'UPDATE counter SET n = ' + IntToStr(Number) + ' WHERE id = 1';
      Query.ExecSQL;
    end;
    Transaction.Commit;
  except
    Query.Close;
    Transaction.Rollback;
    raise;
  end;
end;

procedure Race(Count: Integer);
var
  Turn, Done, Failed, First: Integer;
begin
  Done := 0;
  Failed := 0;
  First := 0;
  for Turn := 0 to Count - 1 do
    try
      Transact(@OneMore);
      Inc(Done);
    except
      on Error: Exception do
      begin
        if Failed = 0 then
          WriteLn(StdErr, Error.Message);
        Inc(Failed);
        if Turn = 0 then
          Inc(First);
      end;
    end;
  Say(Format('done %d failed %d first %d', [Done, Failed, First]));
end;

var
  Turn: Integer;
begin
  Connection := TSQLite3Connection.Create(nil);
  Transaction := TSQLTransaction.Create(nil);
  Query := TSQLQuery.Create(nil);
  Connection.DatabaseName := ParamStr(1);
  Connection.Transaction := Transaction;
  Transaction.DataBase := Connection;
  Query.DataBase := Connection;
  Query.Transaction := Transaction;
  Connection.Open;
  Say('ready');
  WaitForLine;
  if ParamStr(2) = 'race' then
    Race(StrToInt(ParamStr(3)))
  else
    for Turn := 0 to StrToInt(ParamStr(3)) - 1 do
    begin
      if Turn > 0 then
        WaitForLine;
      Transact(@Stay);
      Say('ended');
    end;
  Connection.Close;
end.
