/** Ends of a request target that some server reads as another path than another one does. */
export const ambiguousTails = [
  ...['/..', '/../tool', '/./', '/.', '/a/../../tool', '//', '//tool', '/a//b', '/a//../tool'],
  ...['/%2e%2e/tool', '/%2E%2e/tool', '/.%2e/tool', '/%2e/', '/%2e%2e%2ftool', '/..%2ftool', '/%2f', '/a%2Fb'],
  ...['/..;x/tool', '/..;/tool', '/.;/tool', '/%2e%2e;/tool', '/..%3b/tool', '/..%3Bx=1/tool'],
  ...['/..\\tool', '/..\\..\\tool', '\\..\\tool', '/%5c', '/..%5ctool', '/..%5C..%5ctool', '/a\\b'],
  ...['/%00', '/a%00/../tool', '/%0a', '/%0d%0aX: y', '/%1f', '/%7f', '/#', '/%23', '/%23/../tool'],
  ...['/%252e%252e/tool', '/%252e', '/%252f', '/%25%32%65', '/%255c', '/%2500', '/%2523', '/%25252e', '/%2525'],
  ...['/%zz', '/%', '/%2', '/%u002e', '/%c0%ae%c0%ae/%', '/{a}', '/<a>', '/a|b', '/a^b', '/a`b', '/a"b'],
] as const
