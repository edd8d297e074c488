//! The recipients that the marketplace may give something to, each with the most it may ever get
//! (`data-map.md` section 2.1). Names, contacts and agreements are the operator's configuration.

use crate::fields::*;
use crate::recipients;

recipients! {
    /// The seller of that order.
    Seller Independent "the seller of that order" / "该订单的卖家" may get [
        MemberName, OrderNumber, OrderContent, OrderCreatedAt, AmountDue, OrderNote, DeliveryTime,
        ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, PaymentProgress, DeliveryProgress,
    ];
    /// The payment company (the role of Alipay).
    PaymentProvider Independent "payment company" / "支付机构" may get [
        MarketplaceAccountRef, PaymentOrder, SettlementAccount, AmountDue,
    ];
    LogisticsPlatform Entrusted "logistics information platform" / "物流信息平台" may get [
        ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, DeliveryTime, ParcelContents, WaybillNumber,
    ];
    Courier Independent "courier chosen by the seller" / "承运快递" may get [
        ConsigneeName, ConsigneeAddress, ConsigneePhone, ConsigneeAltPhone, DeliveryTime, ParcelContents, WaybillNumber,
    ];
    SmsGateway Entrusted "text message gateway" / "短信服务商" may get [
        MobilePhone, ConsigneePhone, VerificationCode, LastLoginAt,
    ];
    PublicAuthority Authority "court, police, regulator" / "行政司法机关" may get [
        OrderNumber, OrderContent, OrderCreatedAt, AmountDue,
    ];
    TaxAuthority Authority "tax authority" / "税务机关" may get [ LegalRepName ];
    /// Everybody: only what the person made public, or what a law makes public (map rule 3).
    Public Public "everybody" / "公众" may get [ StoreContactName, StoreContactPhone ];
}
