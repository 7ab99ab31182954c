package token

// state is what the parser is in the middle of.
type state uint8

const (
	same state = iota
	base
	inNumWord
	inASCIIWord
	inWord
	inUint
	inIntFirst
	inInt
	inSpace
	inUDecimalFirst
	inUDecimal
	inDecimalFirst
	inDecimal
	inSignedVersion
	inSignOfVersion
	inVersionFirst
	inVersion
	inMantissaFirst
	inMantissaSign
	inMantissa
	inEntityFirst
	inEntity
	inEntityNumFirst
	inEntityHexFirst
	inEntityNum
	inEntityHex
	inEntityEnd
	inTagFirst
	inXMLBegin
	inTagCloseFirst
	inTagName
	inTagBeginEnd
	inTag
	inTagQuote
	inTagQuotes
	inTagBackslash
	inTagEnd
	inCommentFirst
	inCommentLast
	inComment
	inCloseCommentFirst
	inCloseCommentLast
	inCommentEnd
	inHostFirstDomain
	inHostDomainSecond
	inHostDomain
	inPortFirst
	inPort
	inHostFirst
	inHost
	inEmail
	inFileFirst
	inFileTilde
	inPathFirst
	inPathFirstFirst
	inPathSecond
	inFile
	inFileNext
	inURLPathFirst
	inURLPathStart
	inURLPath
	inURL
	inProtocolFirst
	inProtocolSecond
	inProtocolEnd
	inHyphenASCIIWordFirst
	inHyphenASCIIWord
	inHyphenWordFirst
	inHyphenWord
	inHyphenNumWordFirst
	inHyphenNumWord
	inHyphenDigit
	inParseHyphen
	inParseHyphenHyphen
	inHyphenPart
	inHyphenASCIIPart
	inHyphenNumPart
	inHyphenUint
)

// action is what a test that holds does with the places put aside.
type action uint8

const (
	next      action = iota // nothing
	push                    // puts the place aside: should the new state fail, the next test is tried
	pop                     // goes back
	forget                  // goes on: the last one is not gone back to
	forgetAll               // none is
	merge                   // goes back to the state, not to the place
	rerun                   // stays
)

// test is one of a state's: the first that holds is taken.
type test struct {
	is    func(*Parser) bool
	do    action
	to    state
	found Type // a token ends before the character
	// special is called before anything else happens.
	special func(*Parser)
}

// states are the tests of each state; the last always holds.
var states [numStates][]test

const numStates = inHyphenUint + 1

func init() {
	states = [numStates][]test{
		base: {
			{atEnd, next, same, 0, nil}, {is('<'), push, inTagFirst, 0, nil}, {ignored, next, inSpace, 0, nil},
			{isASCIILetter, next, inASCIIWord, 0, nil}, {isLetter, next, inWord, 0, nil}, {isDigit, next, inUint, 0, nil},
			{is('-'), push, inIntFirst, 0, nil}, {is('+'), push, inIntFirst, 0, nil}, {is('&'), push, inEntityFirst, 0, nil},
			{is('~'), push, inFileTilde, 0, nil}, {is('/'), push, inFileFirst, 0, nil}, {is('.'), push, inPathFirstFirst, 0, nil},
			{any, next, inSpace, 0, nil},
		},
		inNumWord: {
			{atEnd, next, base, NumWord, nil}, {isLetterOrDigit, next, inNumWord, 0, nil}, {isMark, next, inNumWord, 0, nil},
			{is('@'), push, inEmail, 0, nil}, {is('/'), push, inFileFirst, 0, nil}, {is('.'), push, inFileNext, 0, nil},
			{is('-'), push, inHyphenNumWordFirst, 0, nil}, {any, next, base, NumWord, nil},
		},
		inASCIIWord: {
			{atEnd, next, base, ASCIIWord, nil}, {isASCIILetter, next, same, 0, nil}, {is('.'), push, inHostFirstDomain, 0, nil},
			{is('.'), push, inFileNext, 0, nil}, {is('-'), push, inHostFirst, 0, nil}, {is('-'), push, inHyphenASCIIWordFirst, 0, nil},
			{is('@'), push, inEmail, 0, nil}, {is(':'), push, inProtocolFirst, 0, nil}, {is('/'), push, inFileFirst, 0, nil},
			{isDigit, push, inHost, 0, nil}, {isDigit, next, inNumWord, 0, nil}, {isLetter, next, inWord, 0, nil},
			{isMark, next, inWord, 0, nil}, {any, next, base, ASCIIWord, nil},
		},
		inWord: {
			{atEnd, next, base, Word, nil}, {isLetter, next, same, 0, nil}, {isMark, next, same, 0, nil}, {isDigit, next, inNumWord, 0, nil},
			{is('-'), push, inHyphenWordFirst, 0, nil}, {any, next, base, Word, nil},
		},
		inUint: {
			{atEnd, next, base, Uint, nil}, {isDigit, next, same, 0, nil}, {is('.'), push, inHostFirstDomain, 0, nil},
			{is('.'), push, inUDecimalFirst, 0, nil}, {is('e'), push, inMantissaFirst, 0, nil}, {is('E'), push, inMantissaFirst, 0, nil},
			{is('-'), push, inHostFirst, 0, nil}, {is('_'), push, inHostFirst, 0, nil}, {is('@'), push, inEmail, 0, nil},
			{isASCIILetter, push, inHost, 0, nil}, {isLetter, next, inNumWord, 0, nil}, {isMark, next, inNumWord, 0, nil},
			{is('/'), push, inFileFirst, 0, nil}, {any, next, base, Uint, nil},
		},
		inIntFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inInt, 0, nil}, {any, pop, same, 0, nil},
		},
		inInt: {
			{atEnd, next, base, Int, nil}, {isDigit, next, same, 0, nil}, {is('.'), push, inDecimalFirst, 0, nil},
			{is('e'), push, inMantissaFirst, 0, nil}, {is('E'), push, inMantissaFirst, 0, nil}, {any, next, base, Int, nil},
		},
		inSpace: {
			{atEnd, next, base, Blank, nil}, {is('<'), next, base, Blank, nil}, {ignored, next, same, 0, nil},
			{is('-'), next, base, Blank, nil}, {is('+'), next, base, Blank, nil}, {is('&'), next, base, Blank, nil},
			{is('/'), next, base, Blank, nil}, {isOther, next, inSpace, 0, nil}, {any, next, base, Blank, nil},
		},
		inUDecimalFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inUDecimal, 0, nil}, {any, pop, same, 0, nil},
		},
		inUDecimal: {
			{atEnd, next, base, Float, nil}, {isDigit, next, inUDecimal, 0, nil}, {is('.'), push, inVersionFirst, 0, nil},
			{is('e'), push, inMantissaFirst, 0, nil}, {is('E'), push, inMantissaFirst, 0, nil}, {any, next, base, Float, nil},
		},
		inDecimalFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inDecimal, 0, nil}, {any, pop, same, 0, nil},
		},
		inDecimal: {
			{atEnd, next, base, Float, nil}, {isDigit, next, inDecimal, 0, nil}, {is('e'), push, inMantissaFirst, 0, nil},
			{is('E'), push, inMantissaFirst, 0, nil}, {is('.'), push, inSignedVersion, 0, nil}, {any, next, base, Float, nil},
		},
		inSignedVersion: {
			{atEnd, pop, same, 0, nil}, {isDigit, rerun, inSignOfVersion, 0, signAlone}, {any, pop, same, 0, nil},
		},
		inSignOfVersion: {
			{atEnd, pop, same, 0, nil}, {isDigit, forgetAll, inUint, Blank, nil}, {any, next, same, 0, nil},
		},
		inVersionFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inVersion, 0, nil}, {any, pop, same, 0, nil},
		},
		inVersion: {
			{atEnd, next, base, Version, nil}, {isDigit, next, inVersion, 0, nil}, {is('.'), push, inVersionFirst, 0, nil},
			{any, next, base, Version, nil},
		},
		inMantissaFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inMantissa, 0, nil}, {is('+'), next, inMantissaSign, 0, nil},
			{is('-'), next, inMantissaSign, 0, nil}, {any, pop, same, 0, nil},
		},
		inMantissaSign: {
			{atEnd, pop, same, 0, nil}, {isDigit, forget, inMantissa, 0, nil}, {any, pop, same, 0, nil},
		},
		inMantissa: {
			{atEnd, next, base, Scientific, nil}, {isDigit, next, inMantissa, 0, nil}, {any, next, base, Scientific, nil},
		},
		inEntityFirst: {
			{atEnd, pop, same, 0, nil}, {is('#'), next, inEntityNumFirst, 0, nil}, {isASCIILetter, next, inEntity, 0, nil},
			{is(':'), next, inEntity, 0, nil}, {is('_'), next, inEntity, 0, nil}, {any, pop, same, 0, nil},
		},
		inEntity: {
			{atEnd, pop, same, 0, nil}, {isLetterOrDigit, next, inEntity, 0, nil}, {is(':'), next, inEntity, 0, nil},
			{is('_'), next, inEntity, 0, nil}, {is('.'), next, inEntity, 0, nil}, {is('-'), next, inEntity, 0, nil},
			{is(';'), next, inEntityEnd, 0, nil}, {any, pop, same, 0, nil},
		},
		inEntityNumFirst: {
			{atEnd, pop, same, 0, nil}, {is('x'), next, inEntityHexFirst, 0, nil}, {is('X'), next, inEntityHexFirst, 0, nil},
			{isDigit, next, inEntityNum, 0, nil}, {any, pop, same, 0, nil},
		},
		inEntityHexFirst: {
			{atEnd, pop, same, 0, nil}, {isHexDigit, next, inEntityHex, 0, nil}, {any, pop, same, 0, nil},
		},
		inEntityNum: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, inEntityNum, 0, nil}, {is(';'), next, inEntityEnd, 0, nil}, {any, pop, same, 0, nil},
		},
		inEntityHex: {
			{atEnd, pop, same, 0, nil}, {isHexDigit, next, inEntityHex, 0, nil}, {is(';'), next, inEntityEnd, 0, nil},
			{any, pop, same, 0, nil},
		},
		inEntityEnd: {
			{any, forget, base, Entity, nil},
		},
		inTagFirst: {
			{atEnd, pop, same, 0, nil}, {is('/'), push, inTagCloseFirst, 0, nil}, {is('!'), push, inCommentFirst, 0, nil},
			{is('?'), push, inXMLBegin, 0, nil}, {isASCIILetter, push, inTagName, 0, nil}, {is(':'), push, inTagName, 0, nil},
			{is('_'), push, inTagName, 0, nil}, {any, pop, same, 0, nil},
		},
		inXMLBegin: {
			{atEnd, pop, same, 0, nil}, {is('x'), next, inTag, 0, nil}, {any, pop, same, 0, nil},
		},
		inTagCloseFirst: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inTagName, 0, nil}, {any, pop, same, 0, nil},
		},
		inTagName: {
			{atEnd, pop, same, 0, nil}, {is('/'), next, inTagBeginEnd, 0, nil}, {is('>'), next, inTagEnd, 0, hidden},
			{isSpace, next, inTag, 0, hidden}, {isLetterOrDigit, next, same, 0, nil}, {is(':'), next, same, 0, nil},
			{is('_'), next, same, 0, nil}, {is('.'), next, same, 0, nil}, {is('-'), next, same, 0, nil}, {any, pop, same, 0, nil},
		},
		inTagBeginEnd: {
			{atEnd, pop, same, 0, nil}, {is('>'), next, inTagEnd, 0, nil}, {any, pop, same, 0, nil},
		},
		inTag: {
			{atEnd, pop, same, 0, nil}, {is('>'), next, inTagEnd, 0, hidden}, {is('\''), next, inTagQuote, 0, nil},
			{is('"'), next, inTagQuotes, 0, nil}, {isASCIILetter, next, same, 0, nil}, {isDigit, next, same, 0, nil},
			{is('='), next, same, 0, nil}, {is('-'), next, same, 0, nil}, {is('_'), next, same, 0, nil}, {is('#'), next, same, 0, nil},
			{is('/'), next, same, 0, nil}, {is(':'), next, same, 0, nil}, {is('.'), next, same, 0, nil}, {is('&'), next, same, 0, nil},
			{is('?'), next, same, 0, nil}, {is('%'), next, same, 0, nil}, {is('~'), next, same, 0, nil}, {isSpace, next, same, 0, hidden},
			{any, pop, same, 0, nil},
		},
		inTagQuote: {
			{atEnd, pop, same, 0, nil}, {is('\\'), push, inTagBackslash, 0, nil}, {is('\''), next, inTag, 0, nil},
			{any, next, inTagQuote, 0, nil},
		},
		inTagQuotes: {
			{atEnd, pop, same, 0, nil}, {is('\\'), push, inTagBackslash, 0, nil}, {is('"'), next, inTag, 0, nil},
			{any, next, inTagQuotes, 0, nil},
		},
		inTagBackslash: {
			{atEnd, pop, same, 0, nil}, {any, merge, same, 0, nil},
		},
		inTagEnd: {
			{any, forgetAll, base, Tag, nil},
		},
		inCommentFirst: {
			{atEnd, pop, same, 0, nil}, {is('-'), next, inCommentLast, 0, nil}, {is('D'), next, inTag, 0, nil},
			{is('d'), next, inTag, 0, nil}, {any, pop, same, 0, nil},
		},
		inCommentLast: {
			{atEnd, pop, same, 0, nil}, {is('-'), next, inComment, 0, nil}, {any, pop, same, 0, nil},
		},
		inComment: {
			{atEnd, pop, same, 0, nil}, {is('-'), next, inCloseCommentFirst, 0, nil}, {any, next, same, 0, nil},
		},
		inCloseCommentFirst: {
			{atEnd, pop, same, 0, nil}, {is('-'), next, inCloseCommentLast, 0, nil}, {any, next, inComment, 0, nil},
		},
		inCloseCommentLast: {
			{atEnd, pop, same, 0, nil}, {is('-'), next, same, 0, nil}, {is('>'), next, inCommentEnd, 0, nil}, {any, next, inComment, 0, nil},
		},
		inCommentEnd: {
			{any, forgetAll, base, Tag, nil},
		},
		inHostFirstDomain: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inHostDomainSecond, 0, nil}, {isDigit, next, inHost, 0, nil},
			{any, pop, same, 0, nil},
		},
		inHostDomainSecond: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inHostDomain, 0, nil}, {isDigit, push, inHost, 0, nil},
			{is('-'), push, inHostFirst, 0, nil}, {is('_'), push, inHostFirst, 0, nil}, {is('.'), push, inHostFirstDomain, 0, nil},
			{is('@'), push, inEmail, 0, nil}, {any, pop, same, 0, nil},
		},
		inHostDomain: {
			{atEnd, forgetAll, base, Host, nil}, {isASCIILetter, next, inHostDomain, 0, nil}, {isDigit, push, inHost, 0, nil},
			{is(':'), push, inPortFirst, 0, nil}, {is('-'), push, inHostFirst, 0, nil}, {is('_'), push, inHostFirst, 0, nil},
			{is('.'), push, inHostFirstDomain, 0, nil}, {is('@'), push, inEmail, 0, nil}, {isDigit, pop, same, 0, nil},
			{stopHost, forgetAll, inURLPathStart, Host, nil}, {is('/'), push, inURL, 0, nil}, {any, forgetAll, base, Host, nil},
		},
		inPortFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, inPort, 0, nil}, {any, pop, same, 0, nil},
		},
		inPort: {
			{atEnd, forgetAll, base, Host, nil}, {isDigit, next, inPort, 0, nil}, {stopHost, forgetAll, inURLPathStart, Host, nil},
			{is('/'), push, inURL, 0, nil}, {any, forgetAll, base, Host, nil},
		},
		inHostFirst: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, inHost, 0, nil}, {isASCIILetter, next, inHost, 0, nil}, {any, pop, same, 0, nil},
		},
		inHost: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, inHost, 0, nil}, {isASCIILetter, next, inHost, 0, nil},
			{is('@'), push, inEmail, 0, nil}, {is('.'), push, inHostFirstDomain, 0, nil}, {is('-'), push, inHostFirst, 0, nil},
			{is('_'), push, inHostFirst, 0, nil}, {any, pop, same, 0, nil},
		},
		inEmail: {
			{atEnd, pop, same, 0, nil}, {isHost, forgetAll, base, Email, nil}, {any, pop, same, 0, nil},
		},
		inFileFirst: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inFile, 0, nil}, {isDigit, next, inFile, 0, nil},
			{is('.'), next, inPathFirst, 0, nil}, {is('_'), next, inFile, 0, nil}, {any, pop, same, 0, nil},
		},
		inFileTilde: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inFile, 0, nil}, {isDigit, next, inFile, 0, nil},
			{is('_'), next, inFile, 0, nil}, {is('/'), next, inFileFirst, 0, nil}, {any, pop, same, 0, nil},
		},
		inPathFirst: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inFile, 0, nil}, {isDigit, next, inFile, 0, nil},
			{is('_'), next, inFile, 0, nil}, {is('.'), next, inPathSecond, 0, nil}, {is('/'), next, inFileFirst, 0, nil},
			{any, pop, same, 0, nil},
		},
		inPathFirstFirst: {
			{atEnd, pop, same, 0, nil}, {is('.'), next, inPathSecond, 0, nil}, {is('/'), next, inFileFirst, 0, nil}, {any, pop, same, 0, nil},
		},
		inPathSecond: {
			{atEnd, forget, base, File, nil}, {is('/'), push, inFileFirst, 0, nil}, {is('/'), forget, base, File, nil},
			{isSpace, forget, base, File, nil}, {any, pop, same, 0, nil},
		},
		inFile: {
			{atEnd, next, base, File, nil}, {isASCIILetter, next, inFile, 0, nil}, {isDigit, next, inFile, 0, nil},
			{is('.'), push, inFileNext, 0, nil}, {is('_'), next, inFile, 0, nil}, {is('-'), next, inFile, 0, nil},
			{is('/'), push, inFileFirst, 0, nil}, {any, next, base, File, nil},
		},
		inFileNext: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, forget, inFile, 0, nil}, {isDigit, forget, inFile, 0, nil},
			{is('_'), forget, inFile, 0, nil}, {any, pop, same, 0, nil},
		},
		inURLPathFirst: {
			{atEnd, pop, same, 0, nil}, {isURLChar, next, inURLPath, 0, nil}, {any, pop, same, 0, nil},
		},
		inURLPathStart: {
			{any, next, inURLPath, 0, nil},
		},
		inURLPath: {
			{atEnd, next, base, URLPath, nil}, {isURLChar, next, inURLPath, 0, nil}, {any, next, base, URLPath, nil},
		},
		inURL: {
			{atEnd, pop, same, 0, nil}, {isURLPath, forgetAll, base, URL, hostAgain}, {any, pop, same, 0, nil},
		},
		inProtocolFirst: {
			{atEnd, pop, same, 0, nil}, {is('/'), next, inProtocolSecond, 0, nil}, {any, pop, same, 0, nil},
		},
		inProtocolSecond: {
			{atEnd, pop, same, 0, nil}, {is('/'), next, inProtocolEnd, 0, nil}, {any, pop, same, 0, nil},
		},
		inProtocolEnd: {
			{any, forgetAll, base, Protocol, nil},
		},
		inHyphenASCIIWordFirst: {
			{atEnd, pop, same, 0, nil}, {isASCIILetter, next, inHyphenASCIIWord, 0, nil}, {isLetter, next, inHyphenWord, 0, nil},
			{isDigit, next, inHyphenDigit, 0, nil}, {any, pop, same, 0, nil},
		},
		inHyphenASCIIWord: {
			{atEnd, forgetAll, inParseHyphen, ASCIIHyphenWord, again}, {isASCIILetter, next, inHyphenASCIIWord, 0, nil},
			{isLetter, next, inHyphenWord, 0, nil}, {isMark, next, inHyphenWord, 0, nil}, {isDigit, next, inHyphenNumWord, 0, nil},
			{is('-'), push, inHyphenASCIIWordFirst, 0, nil}, {any, forgetAll, inParseHyphen, ASCIIHyphenWord, again},
		},
		inHyphenWordFirst: {
			{atEnd, pop, same, 0, nil}, {isLetter, next, inHyphenWord, 0, nil}, {isDigit, next, inHyphenDigit, 0, nil},
			{any, pop, same, 0, nil},
		},
		inHyphenWord: {
			{atEnd, forgetAll, inParseHyphen, HyphenWord, again}, {isLetter, next, inHyphenWord, 0, nil},
			{isMark, next, inHyphenWord, 0, nil}, {isDigit, next, inHyphenNumWord, 0, nil}, {is('-'), push, inHyphenWordFirst, 0, nil},
			{any, forgetAll, inParseHyphen, HyphenWord, again},
		},
		inHyphenNumWordFirst: {
			{atEnd, pop, same, 0, nil}, {isLetter, next, inHyphenNumWord, 0, nil}, {isDigit, next, inHyphenDigit, 0, nil},
			{any, pop, same, 0, nil},
		},
		inHyphenNumWord: {
			{atEnd, forgetAll, inParseHyphen, NumHyphenWord, again}, {isLetterOrDigit, next, inHyphenNumWord, 0, nil},
			{isMark, next, inHyphenNumWord, 0, nil}, {is('-'), push, inHyphenNumWordFirst, 0, nil},
			{any, forgetAll, inParseHyphen, NumHyphenWord, again},
		},
		inHyphenDigit: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, inHyphenDigit, 0, nil}, {isLetter, next, inHyphenNumWord, 0, nil},
			{isMark, next, inHyphenNumWord, 0, nil}, {any, pop, same, 0, nil},
		},
		inParseHyphen: {
			{atEnd, rerun, base, 0, nil}, {isASCIILetter, next, inHyphenASCIIPart, 0, nil}, {isLetter, next, inHyphenPart, 0, nil},
			{isDigit, push, inHyphenUint, 0, nil}, {is('-'), push, inParseHyphenHyphen, 0, nil}, {any, rerun, base, 0, nil},
		},
		inParseHyphenHyphen: {
			{atEnd, pop, same, 0, nil}, {isLetterOrDigit, forget, inParseHyphen, Blank, nil}, {isMark, forget, inParseHyphen, Blank, nil},
			{any, pop, same, 0, nil},
		},
		inHyphenPart: {
			{atEnd, next, base, HyphenPart, nil}, {isLetter, next, inHyphenPart, 0, nil}, {isMark, next, inHyphenPart, 0, nil},
			{isDigit, next, inHyphenNumPart, 0, nil}, {any, next, inParseHyphen, HyphenPart, nil},
		},
		inHyphenASCIIPart: {
			{atEnd, next, base, ASCIIHyphenPart, nil}, {isASCIILetter, next, inHyphenASCIIPart, 0, nil},
			{isLetter, next, inHyphenPart, 0, nil}, {isMark, next, inHyphenPart, 0, nil}, {isDigit, next, inHyphenNumPart, 0, nil},
			{any, next, inParseHyphen, ASCIIHyphenPart, nil},
		},
		inHyphenNumPart: {
			{atEnd, next, base, NumHyphenPart, nil}, {isLetterOrDigit, next, inHyphenNumPart, 0, nil},
			{isMark, next, inHyphenNumPart, 0, nil}, {any, next, inParseHyphen, NumHyphenPart, nil},
		},
		inHyphenUint: {
			{atEnd, pop, same, 0, nil}, {isDigit, next, same, 0, nil}, {isLetter, forget, inHyphenNumPart, 0, nil},
			{isMark, forget, inHyphenNumPart, 0, nil}, {any, pop, same, 0, nil},
		},
	}
}
