// Tokens of Weir: those of CEL, plus durations (`10m`) and the words of the statement layer.
//
// No embedded actions. Every input is some token, so the lexer never fails: what is malformed becomes one of the BAD_
// tokens at the end, which compiler/syntax/tokens.cc reports.
lexer grammar WeirLexer;

tokens { SPLICE }  // an expression already built: stands for a large literal parsed in pieces (syntax/expressions.cc)

EQUAL: '==';
NOT_EQUAL: '!=';
LESS_EQUAL: '<=';
GREATER_EQUAL: '>=';
LESS: '<';
GREATER: '>';
LOGICAL_AND: '&&';
LOGICAL_OR: '||';
LBRACKET: '[';
RBRACKET: ']';
LBRACE: '{';
RBRACE: '}';
LPAREN: '(';
RPAREN: ')';
DOT: '.';
COMMA: ',';
MINUS: '-';
NOT: '!';
QUESTION: '?';
COLON: ':';
PLUS: '+';
STAR: '*';
SLASH: '/';
PERCENT: '%';
ASSIGN: '=';

TRUE: 'true';
FALSE: 'false';
NULL_LITERAL: 'null';
IN: 'in';

// Words CEL reserves: field names only. Five of them serve the statement layer.
AS: 'as';
FOR: 'for';
IMPORT: 'import';
LET: 'let';
PACKAGE: 'package';
RESERVED: 'break' | 'const' | 'continue' | 'else' | 'function' | 'if' | 'loop' | 'namespace' | 'return' | 'var' | 'void'
        | 'while';

// Soft keywords: the parser rule `name` takes them back as identifiers.
ACTION: 'action';
ALL: 'all';
BECAUSE: 'because';
BY: 'by';
CASE: 'case';
DECIDE: 'decide';
EACH: 'each';
ENTITY: 'entity';
EVENT: 'event';
EVERY: 'every';
EXACT: 'exact';
EXPECT: 'expect';
FEATURE: 'feature';
FIRES: 'fires';
FROM: 'from';
ID: 'id';
KEY: 'key';
LABEL: 'label';
LAST: 'last';
LIMIT: 'limit';
LIST: 'list';
MAX: 'max';
MODE: 'mode';
NO: 'no';
ON: 'on';
ONCE: 'once';
OVER: 'over';
OWNER: 'owner';
PER: 'per';
REPEAT: 'repeat';
RULE: 'rule';
SCORE: 'score';
SEND: 'send';
SESSION: 'session';
SEVERITY: 'severity';
TEST: 'test';
THAT: 'that';
THEN: 'then';
UNLABEL: 'unlabel';
VERDICT: 'verdict';
WAIT: 'wait';
WHEN: 'when';
WHERE: 'where';

IDENTIFIER: [a-zA-Z_] [a-zA-Z0-9_]*;
ESCAPED_NAME: '`' [a-zA-Z0-9_.\-/ ]+ '`';

NUM_FLOAT: DIGIT+ '.' DIGIT+ EXPONENT? | DIGIT+ EXPONENT | '.' DIGIT+ EXPONENT?;
NUM_INT: DIGIT+ | '0x' HEX_DIGIT+;
NUM_UINT: (DIGIT+ | '0x' HEX_DIGIT+) [uU];
DURATION: (DIGIT+ ('ms' | 's' | 'm' | 'h' | 'd'))+;

// Escapes are read, and blamed, in syntax/literals.cc.
STRING: QUOTED | [rR] RAW_QUOTED;
BYTES: [bB] (QUOTED | [rR] RAW_QUOTED);

WHITESPACE: [ \t\r\n\f]+ -> skip;
COMMENT: '//' ~[\r\n]* -> skip;

// One character shorter than the token they fail to be, or the last resort: chosen only if nothing else fits.
BAD_STRING: [bB]? (OPEN_QUOTED | [rR] RAW_OPEN_QUOTED);
BAD_NUMBER: DIGIT [a-zA-Z0-9_]* ('.' DIGIT+ [a-zA-Z0-9_]*)?;
BAD_CHARACTER: .;

fragment DIGIT: [0-9];
fragment HEX_DIGIT: [0-9a-fA-F];
fragment EXPONENT: [eE] [+-]? DIGIT+;
fragment QUOTED
  : '"' ('\\' ~[\r\n] | ~["\\\r\n])* '"'
  | '\'' ('\\' ~[\r\n] | ~['\\\r\n])* '\''
  | '"""' ('\\' . | ~'\\')*? '"""'
  | '\'\'\'' ('\\' . | ~'\\')*? '\'\'\''
  ;
fragment RAW_QUOTED
  : '"' ~["\r\n]* '"'
  | '\'' ~['\r\n]* '\''
  | '"""' .*? '"""'
  | '\'\'\'' .*? '\'\'\''
  ;
fragment OPEN_QUOTED
  : '"' ('\\' ~[\r\n] | ~["\\\r\n])*
  | '\'' ('\\' ~[\r\n] | ~['\\\r\n])*
  | '"""' ('"'? '"'? ('\\' . | ~["\\]))*
  | '\'\'\'' ('\''? '\''? ('\\' . | ~['\\]))*
  ;
fragment RAW_OPEN_QUOTED
  : '"' ~["\r\n]*
  | '\'' ~['\r\n]*
  | '"""' ('"'? '"'? ~'"')*
  | '\'\'\'' ('\''? '\''? ~'\'')*
  ;
