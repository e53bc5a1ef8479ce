// The grammar of Weir: CEL expressions and the statements around them.
//
// No embedded actions, no semantic predicates. The rules ending in EOF are the entry points. A file is not parsed
// whole: compiler/syntax/cutter.cc cuts it into statements, each parsed by its own rule; only if that fails are its
// clauses parsed one by one, so that one mistake costs one clause. See README.md.
//
// Every repetition is a loop, never recursion: only brackets nest.
parser grammar WeirParser;

options { tokenVocab = WeirLexer; }

// --- expressions: CEL ------------------------------------------------------------------------------------------------

onlyExpression: expr EOF;

// `a ? b : c ? d : e` is a flat list; the builder associates it to the right.
expr: conditionalOr (QUESTION conditionalOr COLON conditionalOr)*;
conditionalOr: conditionalAnd (LOGICAL_OR conditionalAnd)*;
conditionalAnd: relation (LOGICAL_AND relation)*;
relation: addition (relationOperator addition)*;
relationOperator: LESS | LESS_EQUAL | GREATER | GREATER_EQUAL | EQUAL | NOT_EQUAL | IN;
addition: multiplication (additionOperator multiplication)*;
additionOperator: PLUS | MINUS;
multiplication: unary (multiplicationOperator unary)*;
multiplicationOperator: STAR | SLASH | PERCENT;
unary: NOT+ member | MINUS+ member | member;
member: primary postfix*;
postfix
  : DOT QUESTION? selector arguments?
  | LBRACKET QUESTION? expr RBRACKET
  | LBRACE (fieldInit (COMMA fieldInit)* COMMA?)? RBRACE
  ;
primary
  : DOT? name arguments?
  | LPAREN expr RPAREN
  | LBRACKET (element (COMMA element)* COMMA?)? RBRACKET
  | LBRACE (entry (COMMA entry)* COMMA?)? RBRACE
  | literal
  | SPLICE
  ;
arguments: LPAREN (expr (COMMA expr)*)? RPAREN;
element: QUESTION? expr;
entry: QUESTION? expr COLON expr;
fieldInit: QUESTION? selector COLON expr;
selector: name | reservedWord | ESCAPED_NAME;
// DURATION is an error in an expression, reported with its remedy by the builder.
literal: NUM_INT | NUM_UINT | NUM_FLOAT | STRING | BYTES | TRUE | FALSE | NULL_LITERAL | DURATION;

reservedWord: AS | FOR | IMPORT | LET | PACKAGE | RESERVED;
name
  : IDENTIFIER | ACTION | ALL | BECAUSE | BY | CASE | DECIDE | EACH | ENTITY | EVENT | EVERY | EXACT | EXPECT | FEATURE
  | FIRES | FROM | ID | KEY | LABEL | LAST | LIMIT | LIST | MAX | MODE | NO | ON | ONCE | OVER | OWNER | PER | REPEAT
  | RULE | SCORE | SEND | SESSION | SEVERITY | TEST | THAT | THEN | UNLABEL | VERDICT | WAIT | WHEN | WHERE
  ;

// --- statements ------------------------------------------------------------------------------------------------------

onlyStatement: statement EOF;

statement
  : packageStatement
  | importStatement
  | entityStatement
  | eventStatement
  | listStatement
  | labelStatement
  | letStatement
  | actionStatement
  | featureStatement
  | ruleStatement
  | decideStatement
  | testStatement
  ;

packageStatement: PACKAGE qualifiedName;
importStatement: IMPORT qualifiedName (COMMA qualifiedName)*;
qualifiedName: name (DOT name)*;

entityStatement: ENTITY name COLON type;
type: qualifiedName (LESS type (COMMA type)* GREATER)?;

eventStatement: eventHeader LBRACE fieldDeclaration* RBRACE;
eventHeader: EVENT name;
fieldDeclaration: selector COLON type QUESTION? COMMA?;

listStatement: LIST name (COMMA name)* COLON type (FROM STRING | ASSIGN expr);
labelStatement: LABEL name (COMMA name)* ON name (MAX DURATION)?;
letStatement: LET name ASSIGN expr;
actionStatement: ACTION name LPAREN (parameter (COMMA parameter)* COMMA?)? RPAREN;
parameter: name COLON type;

featureStatement: featureHeader featureClause*;
featureHeader: FEATURE name ASSIGN name arguments;
featureClause
  : FROM name
  | WHERE expr
  | EACH name IN expr
  | BY expr (COMMA expr)*
  | OVER window
  ;
window
  : (DURATION | LAST NUM_INT | SESSION DURATION | ALL) (EVERY DURATION | EXACT)*
  ;

ruleStatement: ruleHeader LBRACE ruleClause* RBRACE;
ruleHeader: RULE name ON name;
ruleClause
  : ID STRING
  | WHEN expr
  | SCORE expr
  | THEN LBRACE effect* RBRACE
  | ONCE PER expr EVERY DURATION
  | LIMIT NUM_INT PER DURATION
  | BECAUSE STRING
  | OWNER STRING
  | SEVERITY name
  | MODE name (NUM_INT PERCENT BY expr)?
  ;
effect
  : LABEL expr AS name (FOR DURATION)?
  | UNLABEL expr AS name
  | VERDICT name
  | ACTION name arguments
  | CASE STRING KEY expr
  ;

decideStatement: decideHeader LBRACE decideArm* RBRACE;
decideHeader: DECIDE name;
decideArm: name WHEN expr;

testStatement: testHeader LBRACE testStep* RBRACE;
testHeader: TEST STRING;
testStep
  : SEND name LBRACE (fieldInit (COMMA fieldInit)* COMMA?)? RBRACE
  | REPEAT name expr (EVERY DURATION)? LBRACE testStep* RBRACE
  | WAIT DURATION
  | EXPECT name FIRES NUM_INT
  | EXPECT NO? LABEL expr name
  | EXPECT VERDICT name
  | EXPECT THAT expr
  ;

// Entry points of recovery: a part of a statement by itself.
onlyEventHeader: eventHeader EOF;
onlyFieldDeclaration: fieldDeclaration EOF;
onlyFeatureHeader: featureHeader EOF;
onlyFeatureClause: featureClause EOF;
onlyRuleHeader: ruleHeader EOF;
onlyRuleClause: ruleClause EOF;
onlyEffect: effect EOF;
onlyDecideHeader: decideHeader EOF;
onlyDecideArm: decideArm EOF;
onlyTestHeader: testHeader EOF;
onlyTestStep: testStep EOF;
