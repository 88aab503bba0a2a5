#!/usr/bin/perl
# Reads mails with Perl's MIME tools: each comes with its length on a line before it.
use strict;
use warnings;
use Encode qw(decode);
use JSON::PP;
use Mail::Address;
use MIME::Parser;

binmode STDIN;
binmode STDOUT;
my $parser = MIME::Parser->new;
$parser->output_to_core(1);
$parser->tmp_to_core(1);
my $json = JSON::PP->new->utf8->canonical;

sub words {
    my ($raw) = @_;
    $raw =~ s/\r?\n(?=[ \t])//g;
    $raw =~ s/\r?\n\z//;
    my $said = decode('MIME-Header', $raw);
    $said =~ s/[ \t\r\n]+/ /g;
    $said =~ s/\A | \z//g;
    return $said;
}

sub party {
    my ($raw) = @_;
    $raw =~ s/\r?\n(?=[ \t])//g;
    my ($one) = Mail::Address->parse($raw);
    my $phrase = $one->phrase;
    $phrase =~ s/\A"(.*)"\z/$1/s;
    $phrase =~ s/\\(.)/$1/gs if $raw =~ /\A\s*"/;
    return ($raw, $phrase, $one->address);
}

while (defined(my $size = <STDIN>)) {
    read(STDIN, my $data, int($size)) == int($size) or die "cut off";
    my $mail = $parser->parse_data($data);
    my $head = $mail->head;
    my ($raw, $phrase, $to) = party($head->get('To', 0));
    my ($from, $sender) = party($head->get('From', 0));
    my $text = decode('UTF-8', $mail->parts(0)->bodyhandle->as_string);
    $text =~ s/\r\n/\n/g;
    $text =~ s/You get this.*//s;
    my $address = $raw =~ /[^\x00-\x7f]/ ? decode('UTF-8', $to) : $to;
    print $json->encode({
        name => words($phrase), address => $address, subject => words($head->get('Subject', 0)),
        text => $text, sender => words($sender), bcc => $head->count('Bcc') ? JSON::PP::true : JSON::PP::false,
        parts => scalar($mail->parts),
    }), "\n";
}
