// Package archtest holds the tests of the architecture: which package may
// import which, where each library is at home, and what every source file and
// page of documentation owes its reader. The rules themselves are in rules.go;
// a change of the architecture is a change there.
package archtest
